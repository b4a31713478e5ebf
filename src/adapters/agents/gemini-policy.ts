/**
 * The rules of a turn as a policy file of Gemini CLI.
 *
 * Owns: writing them as its rules, which are regular expressions. Does not own: which commands look (turn/commands/looking: the same ones, as far as such rules can say it), its
 * command line (gemini).
 *
 * Invariants: 1. A command is allowed by a rule that names its program, and only if nothing in the whole text stands for writing, starting or leading out of the
 * worktree: what the expressions cannot tell apart is denied. 2. Every expression is one that Gemini takes: at most 2048 characters, no group repeated. Source: its
 * policy engine, which tests the whole text of a call first, and then each command of it by itself, as JSON with a NUL around each member.
 */
import type { TurnStart } from '../../ports/agent-adapter.ts';
import { COMMIT_RULE } from '../../turn/commands/committing.ts';
import { guardDenial } from './tool-guard.ts';

/** One rule, as its file has it. */
interface Rule {
  readonly tool: string;
  /** Of its arguments; null: of every use. */
  readonly pattern: string | null;
  readonly decision: 'allow' | 'deny';
  readonly priority: number;
  readonly message?: string;
}

/** The policy file for a turn. */
export function geminiPolicy({ allowedTools, allowedCommands, worktree }: TurnStart): string {
  const shell = allowedTools.flatMap((tool) => /^(?:run_shell_command|ShellTool)(?:\((.*)\))?$/s.exec(tool) ?? []);
  const rules: readonly Rule[] = [
    ...NETWORK.filter((tool) => !allowedTools.includes(tool)).map((tool) =>
      denied(tool, null, 900, 'Nothing here may use the network.'),
    ),
    denied(
      SHELL,
      `\\x00"dir_path":"(?!${rootPattern(worktree)}|\\.?(?:"|/"))(?:/|~|[^"]*\\.\\.)`,
      800,
      'Only the worktree may be worked in.',
    ),
    denied(SHELL, `"command":"(?:git|cd [\\w./-]+ && git) (?:add|commit|stage)(?= |")`, 700, COMMIT_RULE),
    ...lookingPatterns(worktree).map((pattern): Rule => ({ tool: SHELL, pattern, decision: 'allow', priority: 500 })),
    ...allowedCommands
      .flatMap(runPattern)
      .map((pattern): Rule => ({ tool: SHELL, pattern, decision: 'allow', priority: 500 })),
    ...(shell.length === 0
      ? []
      : [{ tool: SHELL, pattern: prefixOf(shell[1]), decision: 'allow', priority: 600 } as const]),
    denied(SHELL, '"command":', 100, 'The command is not among those that are allowed here.'),
  ];
  return rules.map(written).join('\n');
}

const SHELL = 'run_shell_command';
const NETWORK = ['web_fetch', 'google_web_search'];

function denied(tool: string, pattern: string | null, priority: number, reason: string): Rule {
  return { tool, pattern, decision: 'deny', priority, message: guardDenial(reason) };
}

function prefixOf(words: string | undefined): string {
  return words === undefined ? '"command":' : `"command":"${escaped(words)}(?=[ "])`;
}

/** TOML's literal strings hold anything but a quote, which an expression can do without. */
function written({ tool, pattern, decision, priority, message }: Rule): string {
  const literal = (text: string): string => `'${text.replaceAll("'", '\\x27')}'`;
  return [
    '[[rule]]',
    `toolName = "${tool}"`,
    ...(pattern === null ? [] : [`argsPattern = ${literal(pattern)}`]),
    `decision = "${decision}"`,
    `priority = ${priority}`,
    ...(decision === 'allow' ? ['allowRedirection = true'] : []),
    ...(message === undefined ? [] : [`denyMessage = ${JSON.stringify(message)}`]),
    '',
  ].join('\n');
}

function escaped(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

const rootPattern = (worktree: string): string => `${escaped(worktree)}(?=[/ "\\\\])`;

/** A quote as the text has it: `'`, or `"` behind a backslash. */
const QUOTE = `(?:\\\\"|')`;

/** What a shell expands. */
const EXPANDED = '\\$[A-Za-z0-9_{(!#@*-]|\\$\\\\"';

/**
 * What no text that looks may hold, whatever its program: what a shell expands or starts, a redirection into a file, a path that leads out, an option that writes or
 * starts something. `quoted`: what may stand before a quoted `/`, which is then the beginning of a pattern and not of a path.
 */
function harmful(worktree: string, quoted: string | null): string {
  const absolute = `(?<=[ =<])/(?!dev/null)(?!${escaped(worktree).replace(/^\\?\//, '')}(?=[/ "\\\\|;&]))`;
  return [
    EXPANDED,
    '`|[<>][(&](?!1)|<<|&(?![&>1])(?<!&&)|#|>(?!/dev/null|&1| /dev/null)',
    '(?<!\\\\)\\\\(?!["\\\\])|\\\\\\\\[./~-]',
    absolute,
    quoted === null ? `${QUOTE}/` : `(?<!${quoted})${QUOTE}/`,
    `(?<=[ =/"'<])~|(?<=[ =/"'<])\\.[*?[]`,
    `\\.\\.(?=[/ "'\\\\|;&])|\\.${QUOTE}\\.|\\{[^ ]*[,]`,
    '--(?:out|ext-|textc|open-|filters|show-sig|pre(?![a-z])|pre-|hostname-bin|search-zip|files0|compress|temp|compile|exec|follow|in-pl)',
    `(?<=[ "'\\\\])(?:-(?:exec|ok|delete|fls|fprint|files0|printf)|-[a-zA-Z]*O|-(?![SGLFdg][\\\\'])[\\w-]*[\\\\'])`,
  ].join('|');
}

/** Expressions that together allow what only looks; each names programs, and what they may not be given. */
function lookingPatterns(worktree: string): readonly string[] {
  const pattern = (programs: string, own = '', quoted: string | null = null): string => {
    const bad = [harmful(worktree, quoted), own].filter((part) => part !== '').join('|');
    return `\\x00"command":"(?!.*(?:${bad}))(?:${programs})(?=[ ";])[^\\x00]*"\\x00`;
  };
  const after = (program: string): string =>
    [`${program} `, `${program} -[\\w-]+ `, `${program} -[\\w-]+ -[\\w-]+ `].join('|');
  const prefixes =
    '(?:|GIT_PAGER=cat |PAGER=cat )git(?:| --no-pager| -P| -c color\\.ui=\\w+| -c core\\.quotepath=\\w+)';
  return [
    pattern(
      `${prefixes} (?:${GIT_LOOKS})`,
      ' -[cC] (?!color|core\\.quotepath)| --git-dir| --work-tree|--contents|grep [^|;&]* ?-\\w*f',
      after('git grep'),
    ),
    pattern(`${prefixes} (?:${GIT_LISTS})`, LIST_WRITES),
    pattern(
      'cat|head|ls|wc|stat|nl|tac|rev|od|md5sum|sha256sum|du|realpath|readlink|cmp|comm|diff|test|\\[|basename|dirname|date|pwd|true|false|whoami|nproc|exit 0|exit 1',
      'date (?:[^+ -]|-\\w*s|--s)',
    ),
    pattern(
      'sort|uniq|cut|tr|file|tree|tail',
      '(?:sort|tree)[^|;&]* -\\w*[oTR]|tail[^|;&]* -\\w*[fF]|file[^|;&]* -\\w*[Cfmz]|uniq [^-|;&][^ |;&]* [^ |;&]|tr [^|;&]*\\\\\\\\',
    ),
    pattern('grep|egrep|fgrep|rg', '(?:grep|rg)[^|;&]* -\\w*[fz]|--file=', `${after('grep')}|${after('rg')}`),
    pattern('find'),
    pattern('echo|printf|which|command -v|cd [\\w./-]+', 'echo[^|;&]* -\\w*e|printf[^|;&]*\\\\\\\\[^nt]'),
    pattern(
      'sed (?:-n |-E |-n -E |-nE |-ne )(?:\'|\\\\")(?:[0-9$]|/[^/]*/)[0-9,$]*(?:|,/[^/]*/)[pdq](?:\'|\\\\")|sed (?:-n |-E |-nE )[0-9,$]+p',
      '',
      '(?:sed |sed -n |sed -E |sed -nE |sed -ne |,)',
    ),
    awk(worktree),
    pattern('jq (?:|-r )(?:[^/ ]+)', 'env|input|import|include'),
    pattern('xargs (?:|-0 |-r |-n1 |-0 -r )(?:wc|grep|ls|stat|md5sum|head|cat)', 'awk|printf|echo|tr '),
    pattern('(?:node|npm|pnpm|yarn|python3?|cargo|ruby|java|bun|deno) --version|(?:node|npm) -v|go version'),
  ];
}

const LIST_WRITES =
  ' -[dDmMcCfu]+(?=[ "])| --(?:delete|move|copy|edit|unset|add|replace|force|set-|track|rename|remove)';
const GIT_LOOKS =
  'annotate|blame|cat-file|check-ignore|count-objects|describe|diff|diff-tree|for-each-ref|grep|log|ls-files|ls-tree|merge-base|name-rev|range-diff|rev-list|rev-parse|shortlog|show|show-ref|status|version|whatchanged';
const GIT_LISTS = [
  'branch(?=(?:| -a| -r| -v| -vv| -av| --show-current| --all| --list[^|;&]*| --contains [^|;&]+| --merged[^|;&]*)(?:"| [|;&]))',
  'tag(?=(?:| -n| -l[^|;&]*| --list[^|;&]*| --contains [^|;&]+)(?:"| [|;&]))',
  'stash list|stash show|worktree list|reflog show|reflog(?=(?:| -\\d+| -n \\d+)(?:"| [|;&]))|submodule status',
  'remote(?=(?:| -v)(?:"| [|;&]))|remote get-url|config (?:--get|--get-all|--list|-l|get|list)',
].join('|');

/** What a script in single quotes holds is not the shell's to expand; nothing behind it may be. */
function awk(worktree: string): string {
  const bad = harmful(worktree, null).replace(`${EXPANDED}|`, '');
  const own = `system|getline|close|fflush|ENVIRON|ARGV|'[^']*'.*(?:${EXPANDED})`;
  return `\\x00"command":"(?!.*(?:${bad}|${own}))awk (?:|-F ?[^ '$]+ )'[^'|>@]*'(?=[ ";])[^\\x00]*"\\x00`;
}

/** A command that may be run, alone or beside others, with its output anywhere but in a file. */
function runPattern(command: readonly string[]): readonly string[] {
  const isOpen = command.at(-1) === '*';
  const words = isOpen ? command.slice(0, -1) : command;
  if (command.length === 0 || !words.every((word) => /^[\w@%+=./:,-]+$/.test(word))) return [];
  const end = '(?:| 2>&1| 2>/dev/null| >/dev/null)(?:"\\x00| \\| | && | \\|\\| |; )';
  const bad = '\\$[A-Za-z0-9_{(!#@*-]|\\$\\\\"|`|[<>][(&](?!1)|<<|&(?![&>1])(?<!&&)|>(?!/dev/null|&1| /dev/null)|\\\\n';
  const front = '(?:|CI=1 |NODE_ENV=test |time |timeout \\d+ )';
  const text = escaped(words.join(' '));
  if (words.length === 0) return [`\\x00"command":"(?!.*(?:${bad}))[^\\x00]*"\\x00`];
  return [`\\x00"command":"(?!.*(?:${bad}))${front}${text}${isOpen ? '(?=[ "])[^\\x00]*"\\x00' : end}`];
}

/**
 * Scripts of sed, awk and jq that only print.
 *
 * Owns: recognising them. Does not own: other programs (turn/commands/looking-programs).
 *
 * Invariant: a script counts as printing only if every command in it is known to do so: none reads or writes a file that no argument names, and none starts anything.
 */
import { type LookingRule, sorted } from './looking-words.ts';

/** A script that prints: every command of it is one of a few, so that none reads or writes a file, or runs anything. */
const SED_COMMAND =
  /^(?:(?:\d+|\$|\d+~\d+|\/(?:[^/\\\n]|\\[^\n])+\/I?)(?:,(?:\+?\d+|~\d+|\$|\/(?:[^/\\\n]|\\[^\n])+\/I?))?\s*!?\s*)?(?:[pdqQ=nN]|s(?<d>[/|#,:@!])(?:(?!\k<d>)[^\\\n]|\\[^\n])*\k<d>(?:(?!\k<d>)[^\\\n]|\\[^\n])*\k<d>[gpiI0-9]*)?$/;

/** Whether a script of sed only prints, whatever files it is given. */
function isPrintingSed(script: string): boolean {
  return script.split(/[;\n]/).every((part) => SED_COMMAND.test(part.trim())) || SED_COMMAND.test(script.trim());
}

/** The files of a call of sed that only prints or, with `canEdit`, changes them in place; null: it does something else. */
export function sedFiles(
  args: readonly string[],
  canEdit: boolean,
): { readonly files: readonly string[]; readonly isEdit: boolean } | null {
  const scripts: string[] = [];
  const operands: string[] = [];
  let isEdit = false;
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? '';
    if (/^-[nErszu]*e$|^--expression$/.test(arg)) {
      scripts.push(args[index + 1] ?? '');
      index += 1;
    } else if (/^--expression=/.test(arg)) scripts.push(arg.slice(arg.indexOf('=') + 1));
    else if (canEdit && /^(?:-i|-[nErszu]*i|--in-place)$/.test(arg)) isEdit = true;
    else if (
      /^-[nErszu]+$|^--(?:quiet|silent|regexp-extended|separate|null-data|unbuffered|posix|debug|sandbox)$/.test(arg)
    )
      continue;
    else if (arg.startsWith('-') && arg !== '-') return null;
    else operands.push(arg);
  }
  const given = scripts.length === 0 ? operands.slice(0, 1) : scripts;
  const files = scripts.length === 0 ? operands.slice(1) : operands;
  return given.length > 0 && given.every(isPrintingSed) ? { files, isEdit } : null;
}

/** `sed` that prints. */
export const sed: LookingRule = (args, isInside) => sedFiles(args, false)?.files.every(isInside) === true;

/** `awk` that prints. */
export const awk: LookingRule = (args, isInside) => {
  const operands: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? '';
    if (/^-[Fv]$/.test(arg)) index += 1;
    else if (arg.startsWith('-') && !/^-[Fv]./.test(arg)) return false;
    else if (!arg.startsWith('-')) operands.push(arg);
  }
  const [script = '', ...files] = operands;
  const isPrinting = script !== '' && !/system|getline|close|fflush|ENVIRON|ARGV|PROCINFO|[>|@`]/.test(script);
  return isPrinting && files.every((file) => isInside(file) && !/^\w+=/.test(file));
};

/** `jq`. */
export const jq: LookingRule = (args, isInside) => {
  const { options, operands } = sorted(args);
  const isKnown = options.every((option) =>
    /^-(?:[rcesSMCanjR]+|-raw-output|-compact-output|-slurp|-exit-status|-sort-keys)$/.test(option),
  );
  return isKnown && !/env|input_filename|import|include/.test(operands[0] ?? '') && operands.slice(1).every(isInside);
};

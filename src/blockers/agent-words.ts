/**
 * What is said of a blocker that speaks of an agent or its budget, and what to do about it.
 *
 * Owns: those words, by code and facts. Does not own: the facts (model/agent-blockers), commands (run/next-actions).
 */
import { unreachable } from '../base/unreachable.ts';
import type { BlockerParams } from '../model/blocker.ts';
import { budgetWords } from '../turn/ledger.ts';
import { settingHint } from '../turn/refused-settings.ts';
import { agentMissing } from './agent-missing-words.ts';
import { type Entries, type Entry, endWords, instantOf, itSaid, type Words } from './words.ts';

/** What to do where the last lines of an output tell what went wrong. */
export const READ_OUTPUT = 'Read the last lines of its output.';

const unusable: Entry<BlockerParams['PAWL_AGENT_UNUSABLE']> = {
  hint: 'Install the agent again, or name another program for it.',
  words: (params) => {
    switch (params.reason) {
      case 'notExecutable':
        return {
          message: `The program of the agent "${params.name}", ${params.path}, is not an executable file.`,
          hint: 'Make it executable, or name another program for it in pawl.config.json.',
        };
      case 'scriptUnreadable':
        return {
          message: `The script of the agent "${params.name}", ${params.path}, cannot be read.`,
          hint: `Create it, or correct "script" of "${params.name}" in pawl.config.json.`,
        };
      case 'unreadable':
      case 'unanswered':
      case 'exit':
      case 'noVersion':
      case 'noFlags':
        return {
          message: `${params.path} ${probeWords(params)}.`,
          hint: `Install ${params.title} (${params.installation}), or name another program in the config.`,
        };
      default:
        return unreachable(params);
    }
  },
};

type Probed = Exclude<BlockerParams['PAWL_AGENT_UNUSABLE'], { reason: 'notExecutable' | 'scriptUnreadable' }>;

/** How a program answered that was asked what it is. */
function probeWords(params: Probed): string {
  const said = params.said === '' ? 'it printed nothing' : params.said;
  switch (params.reason) {
    case 'unreadable':
      return `cannot be read: ${params.said}`;
    case 'unanswered':
      return `${params.asked}: it ${params.said}`;
    case 'exit':
      return `${params.asked}: exit code ${params.exitCode}: ${said}`;
    case 'noVersion':
      return `does not report a version of ${params.title}: ${said}`;
    case 'noFlags':
      return `lists no flags in its help: ${said}`;
    default:
      return unreachable(params);
  }
}

const capability: Entry<BlockerParams['PAWL_AGENT_CAPABILITY']> = {
  hint: "Change the agent's settings in pawl.config.json, or name another agent.",
  words: (params) => {
    const agent = `${params.title} ("${params.name}")`;
    const hint = 'Change its settings in pawl.config.json, or name another agent.';
    switch (params.reason) {
      case 'budget':
        return {
          message: `The budget is given in ${params.unit === 'usd' ? 'US dollars' : 'tokens'}, and ${agent} does not report them: it could not be enforced.`,
          hint: 'Name another agent, or remove the budget from the limits.',
        };
      case 'resume':
        return { message: `${agent} cannot resume a session.`, hint };
      case 'maxTurns':
        return { message: `${agent} cannot enforce maxTurns.`, hint };
      case 'allowedTools':
        return { message: `${agent} does not support allowedTools.`, hint };
      case 'longPrompt':
        return {
          message: `${agent} takes its prompt as an argument, and this one has ${params.bytes} bytes; the system allows ${params.bytesMax}.`,
          hint: 'Shorten the packet, or name another agent.',
        };
      default:
        return unreachable(params);
    }
  },
};

function unknownFlag({
  name,
  title,
  version,
  flags,
  isOfConfig,
  installation,
}: BlockerParams['PAWL_AGENT_FLAG_UNKNOWN']): Words {
  return {
    message: `${title} ${version} ("${name}") does not support ${flags.join(', ')}.`,
    hint: isOfConfig
      ? 'Install a version that does, or remove it from extraArgs in pawl.config.json.'
      : `Install a version that does (${installation}), or name another agent.`,
  };
}

const LIMITS = {
  usage: 'The agent has used up its usage window',
  rate: 'The agent is being rate-limited',
  capacity: "The agent's model, or the service behind it, is overloaded",
} as const;

function limited(params: BlockerParams['PAWL_AGENT_LIMITED']): Words {
  if (params.reason === 'waiting') {
    const until = instantOf(params.untilMs);
    return { message: `The agent has reached a limit of its account or service; the run resumes at ${until}.` };
  }
  return { message: `${LIMITS[params.reason]}${untilWords(params.resetsAtMs)}.${itSaid(params.said)}` };
}

function unreachableAgent({ resetsAtMs, said, untilMs }: BlockerParams['PAWL_AGENT_UNREACHABLE']): Words {
  const message = `The agent could not reach its model${untilWords(resetsAtMs)}.${itSaid(said)}`;
  return { message: untilMs === null ? message : `${sentence(message)} The run resumes at ${instantOf(untilMs)}.` };
}

function untilWords(ms: number | null): string {
  return ms === null ? '' : ` until ${instantOf(ms)}`;
}

/** What is shown of the agent's words, so that the instant has its place after them. */
const OUTAGE_CHARS = 1_900;

/** What the agent said may end without a stop. */
function sentence(message: string): string {
  const told = message.slice(0, OUTAGE_CHARS).trimEnd();
  return /[.!?]$/.test(told) ? told : `${told}.`;
}

function noEnd(params: BlockerParams['PAWL_AGENT_NO_END']): Words {
  if (params.reason === 'overlong') {
    const bound = `${params.bytesMax / 1024 ** 2} MiB`;
    return {
      message: `The agent exited with code 0, but the last line of its output is longer than ${bound} and was not read: it may have reported the end of its turn there.${itSaid(params.said)}`,
    };
  }
  const left = params.hasAnswer ? '; an answer alone does not count' : ' and left no answer';
  return {
    message: `The agent exited with code 0 without reporting the end of its turn${left}.${itSaid(params.said)}`,
  };
}

const exceeded: Entry<BlockerParams['PAWL_BUDGET_EXCEEDED']> = {
  hint: 'A retry grants the same budget again.',
  words: (params) => {
    switch (params.reason) {
      case 'usedUp': {
        const { whose, spent, budget } = params;
        const { estimated, ...used } = spent;
        const figures = budgetWords(estimated === null ? used : { ...used, estimated }, budget);
        return whose === 'run'
          ? { message: `The budget of this run is used up: ${figures}.` }
          : {
              message: `The budget of all runs of this registry is used up: ${figures}.`,
              hint: 'Raise "budget" in pawl.config.json, then retry.',
            };
      }
      case 'byAgent': {
        const { usage } = params;
        const used = usage === null ? '' : ` It reports $${usage.usd.toFixed(4)} and ${usage.tokens} tokens.`;
        return { message: `The agent ended its turn because its budget was reached.${used}${itSaid(params.said)}` };
      }
      case 'ended':
        return endWords('The agent was stopped because the budget of its run is used up.', params);
      default:
        return unreachable(params);
    }
  },
};

function settingRefused({ setting, said }: BlockerParams['PAWL_AGENT_SETTING_REFUSED']): Words {
  const message = `The agent refused a setting (${setting ?? 'it does not say which'}).${itSaid(said)}`;
  const hint = setting === null ? null : settingHint(setting);
  return hint === null ? { message } : { message, hint };
}

/** The part of the catalogue that is about agents. */
export const AGENT_WORDS = {
  PAWL_AGENT_MISSING: agentMissing,
  PAWL_AGENT_UNUSABLE: unusable,
  PAWL_AGENT_FLAG_UNKNOWN: {
    hint: 'Install a version of the agent that supports the flag, or remove it from extraArgs in pawl.config.json.',
    words: unknownFlag,
  },
  PAWL_AGENT_CAPABILITY: capability,
  PAWL_AGENT_DENIED: {
    hint: 'Allow it (allowedTools of the agent, allowed_tools of the packet, verification.allow for commands), or declare the denial expected (expectedDenials).',
    words: ({ denied, why }) => ({
      message: `The agent was denied what it asked for: ${denied.join(', ')}${why === '' ? '' : ` (${why})`}.`,
    }),
  },
  PAWL_AGENT_LOGIN: {
    hint: "Log in with the agent itself, or list the variable that holds its key under the agent's env.",
    words: ({ said }) => ({ message: `The agent is not logged in, or its key was rejected.${itSaid(said)}` }),
  },
  PAWL_AGENT_ACCOUNT: {
    hint: "Fix the agent's account with its provider, then retry: the same session continues, and no attempt was used.",
    words: ({ said }) => ({ message: `The provider no longer serves the agent's account.${itSaid(said)}` }),
  },
  PAWL_AGENT_SETTING_REFUSED: {
    hint: 'Change the named setting of the agent in pawl.config.json; then retry: no attempt was used.',
    words: settingRefused,
  },
  PAWL_AGENT_FAILED: {
    hint: READ_OUTPUT,
    words: ({ reason, said }) => ({
      message: `${reason === 'error' ? 'The agent ended its turn with an error.' : "The agent's turn was interrupted from outside."}${itSaid(said)}`,
    }),
  },
  PAWL_AGENT_NO_ANSWER: {
    hint: 'Nothing to do: the agent is asked for its answer again, and no attempt is charged.',
    words: ({ problem }) => ({
      message: `The agent ended its turn ${problem === null ? 'without an answer' : `with an answer that is not valid (${problem})`}; it is reminded once, in the same session.`,
    }),
  },
  PAWL_AGENT_NO_END: { hint: READ_OUTPUT, words: noEnd },
  PAWL_AGENT_NO_EVENT: {
    hint: 'Start the agent by hand; check its login and network.',
    words: (params) =>
      endWords('The agent was stopped because it reported nothing for too long after it started.', params),
  },
  PAWL_AGENT_UNREADABLE: {
    hint: "Report it, with the task's output.ndjson if you can share it.",
    words: (params) => endWords('The agent was stopped because its output could not be read.', params),
  },
  PAWL_AGENT_TURN_LIMIT: {
    hint: "Raise the agent's limit, or make the packet smaller.",
    words: ({ said }) => ({ message: `The agent reached one of its own limits before it was done.${itSaid(said)}` }),
  },
  PAWL_AGENT_SESSION_REFUSED: {
    hint: 'Nothing to do: the next attempt begins a fresh session.',
    words: ({ session, said }) => ({
      message: `The agent refused to resume ${session ?? 'the session'}; the next attempt begins a fresh session.${itSaid(said)}`,
    }),
  },
  PAWL_AGENT_LIMITED: {
    hint: 'Nothing to do: while runs are driven, this one resumes automatically, in the same session, and no attempt is charged.',
    words: limited,
  },
  PAWL_AGENT_UNREACHABLE: {
    hint: 'Nothing to do unless it lasts: while runs are driven, this one resumes automatically, in the same session, and no attempt is charged.',
    words: unreachableAgent,
  },
  PAWL_AGENT_LIMIT_WAITS: {
    hint: "Look at the agent's account, then decide.",
    words: ({ times }) => ({ message: `The agent was limited ${times} times in a row.` }),
  },
  PAWL_BUDGET_EXCEEDED: exceeded,
} as const satisfies Partial<Entries<keyof BlockerParams>>;

/**
 * The parts of a packet as answers: flags of the command line, and questions for what no flag says.
 *
 * Owns: the flags and the questions. Does not own: the draft (packets/packet-draft), the terminal (cli/questions).
 */
import { Option } from 'commander';
import type { PacketDraft } from '../packets/packet-draft.ts';
import { branchOf, taskIdOf } from '../packets/packet-draft.ts';
import { several } from './option-kinds.ts';
import type { Questions } from './questions.ts';

/** The flags that each answer one question. */
export interface PacketFlags {
  readonly task?: string;
  readonly goal?: string;
  readonly repo?: string;
  readonly issue?: string;
  readonly branch?: string;
  readonly base?: string;
  readonly nonGoal?: readonly string[];
  readonly acceptance?: readonly string[];
  readonly instruction?: readonly string[];
  readonly verify?: readonly string[];
  readonly expect?: readonly string[];
  readonly criterion?: readonly string[];
  readonly surface?: readonly string[];
  readonly agent?: string;
}

/** The options of `pawl new` that answer a question. */
export const PACKET_FLAGS: readonly Option[] = [
  new Option('--task <id>', "the packet's task id"),
  new Option('--goal <text>', 'the goal'),
  new Option('--repo <owner/name>', 'the repository (default: that of origin)'),
  new Option('--issue <n>', 'the issue'),
  new Option('--branch <name>', 'the branch to work on (default: made of the task id)'),
  new Option('--base <name>', "where it starts (default: the repository's default branch)"),
  several('--non-goal <text>', 'a non-goal'),
  several('--acceptance <text>', 'when it is done'),
  several('--instruction <text>', 'an instruction for the implementer'),
  several('--verify <command>', 'a command that verifies the work'),
  several('--expect <text>', 'what the verifier expects'),
  several('--criterion <text>', 'what the reviewer checks'),
  several('--surface <path>', 'a path that the work may touch'),
  new Option('--agent <name>', 'the agent for this packet'),
];

/** What the flags say. */
export function draftOfFlags(flags: PacketFlags): Partial<PacketDraft> {
  const said = {
    taskId: flags.task,
    goal: flags.goal,
    repo: flags.repo,
    issue: flags.issue,
    branch: flags.branch,
    base: flags.base,
    nonGoals: flags.nonGoal,
    acceptance: flags.acceptance,
    instructions: flags.instruction,
    commands: flags.verify,
    expectations: flags.expect,
    criteria: flags.criterion,
    surface: flags.surface,
    agent: flags.agent,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

/** What is offered where a question is left empty. */
export interface Offers {
  readonly repo: string | null;
  readonly commands: readonly string[];
}

/** The draft with answers for what it does not say; null when the person gave up. */
export async function askForRest(
  questions: Questions,
  draft: PacketDraft,
  offers: Offers,
): Promise<PacketDraft | null> {
  const answers: { -readonly [Name in keyof PacketDraft]: PacketDraft[Name] } = { ...draft };
  const asker = new Asker(questions);
  answers.goal ??= await asker.line('What is wanted?', null);
  answers.taskId ??= await asker.line('Task id', taskIdOf(answers.goal ?? ''));
  answers.repo ??= await asker.line('Repository (owner/name)', offers.repo);
  answers.issue ??= await asker.line('Issue number', null);
  answers.branch ??= await asker.line('Branch', answers.taskId === null ? null : branchOf(answers.taskId));
  answers.instructions = await asker.lines('Instructions for the implementer', answers.instructions, []);
  answers.acceptance = await asker.lines('When is it done?', answers.acceptance, []);
  if (answers.expectations.length === 0)
    answers.commands = await asker.lines('Commands that verify it', answers.commands, offers.commands);
  answers.criteria = await asker.lines('What does the reviewer check?', answers.criteria, []);
  answers.surface = await asker.lines('Paths that the work may touch', answers.surface, []);
  return asker.hasGivenUp ? null : answers;
}

class Asker {
  readonly #questions: Questions;
  hasGivenUp = false;

  constructor(questions: Questions) {
    this.#questions = questions;
  }

  async line(question: string, offer: string | null): Promise<string | null> {
    const answer = await this.#ask(prompt(question, offer === null ? '' : ` [${offer}]`));
    return answer === '' ? offer : answer;
  }

  /** One line each, up to an empty one. */
  async lines(question: string, said: readonly string[], offer: readonly string[]): Promise<readonly string[]> {
    if (said.length > 0 || this.hasGivenUp) return said;
    const lines: string[] = [];
    const offered = offer.length === 0 ? '' : ` [${offer.join(', ')}]`;
    for (;;) {
      const answer = await this.#ask(lines.length === 0 ? prompt(question, ` (one a line)${offered}`) : '  also: ');
      if (answer === null || answer === '') return lines.length === 0 ? offer : lines;
      lines.push(answer);
    }
  }

  async #ask(text: string): Promise<string | null> {
    if (this.hasGivenUp) return null;
    const answer = await this.#questions.ask(text);
    if (answer === null) this.hasGivenUp = true;
    return answer;
  }
}

function prompt(question: string, more: string): string {
  return question.endsWith('?') && more === '' ? `${question} ` : `${question}${more}: `;
}

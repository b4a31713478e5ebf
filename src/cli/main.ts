#!/usr/bin/env node
/**
 * The command line: which commands there are, their options, their help.
 *
 * Owns: parsing, help, the exit code. Does not own: what a command does (cli/commands), which is loaded only when it runs.
 */
import { Command, CommanderError, Option } from 'commander';
import { helpOf } from '../core/error-actions.ts';
import { PawlError } from '../model/error.ts';
import { EXIT } from '../model/error-codes.ts';
import { whileWaking } from './lost-wait.ts';
import type { CommonOptions } from './options.ts';
import { Output } from './output.ts';
import { PACKET_FLAGS } from './packet-questions.ts';

type Run<Options> = (output: Output, options: Options, args: readonly string[]) => Promise<number>;

const program = new Command('pawl')
  .description(
    'Carries approved work packets through coding agents to a review-ready handoff. Kill it anywhere; start it again.',
  )
  .addHelpText(
    'after',
    `
Exit codes:
  0 done · 1 a bug of Pawl · 2 usage or invalid input · 3 blocked: a person is needed · 4 a run failed
  5 quarantined · 6 another process holds the registry · 7 the system refused
  130, 143 interrupted before the runs had come to rest`,
  )
  .exitOverride()
  .showHelpAfterError('(pawl --help shows what there is)')
  .configureOutput({ outputError: () => undefined });

/** Adds a command with the options that all of them have. */
function command<Options extends CommonOptions>(
  usage: string,
  description: string,
  example: string,
  options: readonly Option[],
  load: () => Promise<Run<Options>>,
): void {
  const [name = '', ...args] = usage.split(' ');
  const sub = program.command(name).description(description);
  for (const argument of args) sub.argument(argument);
  for (const option of options) sub.addOption(option);
  sub
    .option('--json', 'one JSON document on stdout and nothing else there')
    .option('--registry <dir>', 'where runs are kept (default: .pawl at the top of the repository)')
    .option('--config <file>', 'the config (default: pawl.config.json at the top of the repository)')
    .addHelpText('after', `\nExample:\n  ${example}`)
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .action(async (...given: unknown[]) => {
      const parsed = sub.opts<Options>();
      const values = given
        .slice(0, args.length)
        .flat()
        .filter((value) => value !== undefined);
      const run = await load();
      process.exitCode = await run(new Output(parsed.json === true), parsed, values.map(String));
    });
}

const allOrNothing = new Option('--all-or-nothing', 'one packet that is refused refuses the whole file');
const reason = new Option('--reason <text>', 'why; it is kept with the run');

command(
  'demo',
  'runs the main job end to end in a temporary sandbox repository',
  'pawl demo',
  [],
  async () => (await import('./commands/demo.ts')).demo,
);
command(
  'init',
  'writes a first config with the agent and the test command that are found, after showing it',
  'pawl init',
  [new Option('--yes', 'writes it without asking'), new Option('--dry-run', 'shows it and writes nothing')],
  async () => (await import('./commands/init.ts')).init,
);
command(
  'new',
  'writes a packet from answers, a Markdown file or an issue; it is not approved yet',
  'pawl new --from-issue issue.json --out tonight.json',
  [
    new Option('--from <file>', 'a Markdown file, - for standard input'),
    new Option(
      '--from-issue <file>',
      'what gh issue view N --json number,title,body,url printed, - for standard input',
    ),
    new Option('--out <file>', 'the packets file, made when it is not there (default: packets.json)'),
    ...PACKET_FLAGS,
  ],
  async () => (await import('./commands/new.ts')).newPacket,
);
command(
  'approve <packets> <task>',
  'writes your approval of a packet into its file',
  'pawl approve tonight.json WID-12',
  [new Option('--by <name>', "who approves (default: git's user.name and user.email)")],
  async () => (await import('./commands/approve.ts')).approve,
);
command(
  'validate <packets>',
  'shows whether each packet is sufficient; writes nothing',
  'pawl validate tonight.json',
  [],
  async () => (await import('./commands/validate.ts')).validate,
);
command(
  'intake <packets>',
  'records a run for every packet; the same packet twice is one run',
  'pawl intake tonight.json',
  [new Option('--again', 'a new run for packets whose run has ended'), allOrNothing],
  async () => (await import('./commands/intake.ts')).intake,
);
command(
  'run [runIds...]',
  'drives runs as far as they can go; starting it again is the resume',
  'pawl run --packets tonight.json --max-parallel 3',
  [
    new Option('--packets <file>', 'takes these packets in first, and drives their runs'),
    new Option('--agent <name>', 'the agent for every role, instead of what packet and config say'),
    new Option('--max-parallel <n>', 'runs driven at once').argParser((text) => positive(text, '--max-parallel')),
    new Option('--again', 'with --packets: a new run for packets whose run has ended'),
    allOrNothing,
  ],
  async () => (await import('./commands/run.ts')).run,
);
command(
  'status [runId]',
  'shows where every run stands and what to do next; read-only',
  'pawl status --watch',
  [
    new Option('--watch', 'again and again, until interrupted'),
    new Option('--picture', 'with RUN_ID: the lifecycle, and where the run stands in it'),
  ],
  async () => (await import('./commands/status.ts')).status,
);
command(
  'events <runId>',
  'tells the story of a run, one line an event; read-only',
  'pawl events WID-12 --follow',
  [
    new Option('--follow', 'shows events as they come, until the run has ended'),
    new Option('--raw', 'the records as the journal has them, with what each asked for'),
    new Option('--mermaid', 'a Mermaid sequence diagram of the run, to paste into a review'),
  ],
  async () => (await import('./commands/events.ts')).events,
);
command(
  'show <run>',
  'one run for a reader: its goal, what changed, what the gates said, attempts, cost, where the evidence is',
  'pawl show WID-12',
  [],
  async () => (await import('./commands/show.ts')).show,
);
command(
  'diff <run>',
  'what a run has changed, from its base to the commit that was judged',
  'pawl diff WID-12 --stat',
  [
    new Option('--stat', 'the files with their figures alone'),
    new Option('--round <n>', 'the commit that was judged in this round').argParser((text) =>
      positive(text, '--round'),
    ),
  ],
  async () => (await import('./commands/diff.ts')).diff,
);
command(
  'inspect [runId]',
  'the local page on which runs are looked at, with their history; read-only',
  'pawl inspect RUN_ID',
  [
    new Option('--port <n>', 'on this port of 127.0.0.1 and ::1 (default: a free one)'),
    new Option('--no-open', 'prints the address and opens no browser'),
    new Option('--stately', "passes the run's states on into the inspector of stately.ai: they leave this machine"),
  ],
  async () => (await import('./commands/inspect.ts')).inspect,
);
command(
  'recover',
  'checks every run, settles what has ended, sets aside what is ambiguous; starts no worker',
  'pawl recover --dry-run',
  [
    new Option('--dry-run', 'changes nothing, takes no lock'),
    new Option('--take-over', 'asserts that the runner that holds the registry is dead; needs --reason'),
    reason,
  ],
  async () => (await import('./commands/recover.ts')).recover,
);
command(
  'resolve <runId> <decision>',
  'decides for a parked run: retry, accept (override the gate that blocked) or abandon',
  'pawl resolve RUN_ID retry --reason "the flaky test is fixed"',
  [reason],
  async () => (await import('./commands/resolve.ts')).resolve,
);
command(
  'cancel <runId>',
  'stops the run and its worker, records it, frees its surfaces',
  'pawl cancel RUN_ID --reason "no longer needed"',
  [reason],
  async () => (await import('./commands/resolve.ts')).cancel,
);

command(
  'prove',
  'the restart proof on this machine: kills Pawl everywhere, in sandboxes, and reports what it found',
  'pawl prove --level full --out proof',
  [
    new Option('--level <level>', 'smoke: under a minute; full: under ten').choices(['smoke', 'full']).default('smoke'),
    new Option('--cell <cell>', 'one cell of the checklist alone, as internalReview/resultBeforeEvent'),
    new Option('--seed <n>', 'chooses among kills; the report names it (default: a new one)'),
    new Option('--out <folder>', 'where proof.json and proof.html are left (default: a new temporary folder)'),
  ],
  async () => (await import('./commands/prove.ts')).prove,
);

command(
  'doctor',
  'what this machine has and lacks: tools, file system, registry, agents',
  'pawl doctor --probe claude',
  [new Option('--probe <agent>', 'starts, kills and resumes this agent against a stand-in of its model')],
  async () => (await import('./commands/doctor.ts')).doctor,
);

command(
  'mcp',
  'the MCP server that agents are given for a task; not for people',
  'pawl mcp --task FOLDER --mark MARK',
  [
    new Option('--task <folder>', "the task's folder"),
    new Option('--mark <mark>', "the task's mark"),
    new Option(
      '--allow <json>',
      'answers permission prompts by these rules: permission, allowedTools, allowedCommands',
    ),
  ],
  async () => (await import('./commands/mcp.ts')).mcp,
);

function positive(text: string, option: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw usage(`${option} must be a positive integer, not "${text}".`);
}

function usage(message: string): PawlError {
  return new PawlError({
    code: 'PAWL_USAGE',
    message,
    subject: process.argv.slice(2).join(' '),
    hint: 'See how it is called.',
    actions: [helpOf(null)],
  });
}

async function main(): Promise<void> {
  const output = new Output(process.argv.includes('--json'));
  try {
    await program.parseAsync(process.argv);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return;
    process.exitCode = output.fail(
      error instanceof CommanderError ? usage(error.message.replace(/^error: /, '')) : error,
    );
  }
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read our output has gone (a closed pipe): the rest has no reader, and a run goes on without one.
    if (error.code !== 'EPIPE') process.exitCode = EXIT.refused;
  });
}

// Not awaited: Node would end a program whose wait is lost by itself, with exit code 13 and without a word.
void whileWaking(
  process,
  (error) => {
    process.exitCode = new Output(process.argv.includes('--json')).fail(error);
  },
  main,
);

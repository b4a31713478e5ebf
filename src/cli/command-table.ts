/**
 * Which commands there are: how each is called, what its options mean, what it prints with --json.
 *
 * Owns: that table. Does not own: parsing (cli/program), what a command does (cli/commands), which is loaded only when it is asked for.
 */
import { Option } from 'commander';
import { PARALLEL_RUNS_BOUND } from '../model/limits.ts';
import { agentOption, portIn, several, whole } from './option-kinds.ts';
import { PACKET_FLAGS } from './packet-questions.ts';
import type { CommandEntry } from './program.ts';

/** More rounds than any run goes through. */
const ROUNDS_BOUND = 10_000;
const TIMEOUT_S_BOUND = 3_600;
const PORT_BOUND = 65_535;

/** More lines than any output has. */
const LINES_BOUND = 1_000_000_000;

const allOrNothing = new Option('--all-or-nothing', 'refuses the whole file if any packet is refused');
const reason = new Option('--reason <text>', 'the reason; recorded with the run');

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    usage: 'demo',
    description: 'runs the main job end to end in a temporary sandbox repository',
    example: 'pawl demo',
    options: [],
    json: '{sandbox, runs: [run…], stopped, faults}, as `pawl run`',
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  {
    usage: 'init',
    description: 'shows, then writes, a first config with the agent and the test command it finds',
    example: 'pawl init',
    options: [new Option('--yes', 'writes it without asking'), new Option('--dry-run', 'shows it and writes nothing')],
    json: '{configFile, config, written, and what was found}',
    load: async () => (await import('./commands/init.ts')).init,
  },
  {
    usage: 'new',
    description: 'writes a packet from answers, a Markdown file or an issue; it is not approved yet',
    example: 'pawl new --from-issue issue.json --out tonight.json',
    options: [
      new Option('--from <file>', 'a Markdown file, - for standard input'),
      new Option(
        '--from-issue <file>',
        'what gh issue view N --json number,title,body,url printed, - for standard input',
      ),
      new Option('--out <file>', 'the packets file; created if missing (default: packets.json)'),
      ...PACKET_FLAGS,
    ],
    json: '{file, isNew, taskId, packet, missingFields, warnings, configFile}',
    load: async () => (await import('./commands/new.ts')).newPacket,
  },
  {
    usage: 'approve <packets> <task>',
    description: 'adds your approval of a packet to its file',
    example: 'pawl approve tonight.json WID-12',
    options: [new Option('--by <name>', "the approver (default: git's user.name and user.email)")],
    json: '{file, taskId, runId, approvedBy, approvedAt, wasApproved, missingFields}',
    load: async () => (await import('./commands/approve.ts')).approve,
  },
  {
    usage: 'validate <packets>',
    description: 'shows what each packet lacks, and what would stop its run; writes nothing',
    example: 'pawl validate tonight.json --agent claude',
    options: [agentOption('the agent for every role, as for pawl run')],
    json: '{summary, packets: [{taskId, runId, ready, standing, done, missingFields, problems, actions, notes, …}…], actions, isRepository}',
    load: async () => (await import('./commands/validate.ts')).validate,
  },
  {
    usage: 'intake <packets>',
    description:
      'records a run for every packet; the same packet twice is one run. --replace: corrects packets of parked runs',
    example: 'pawl intake tonight.json',
    options: [
      new Option('--again', 'a new run for packets whose run has ended'),
      new Option('--replace', "replaces the packet of the task's parked run").conflicts(['again', 'allOrNothing']),
      new Option('--reason <text>', 'with --replace: the reason; recorded with the run'),
      agentOption('the agent for every role of these runs, overriding packet and config; recorded with them'),
      allOrNothing,
    ],
    needs: [['--reason', '--replace']],
    json: '{runs: [run…], packets: [{taskId, runId, outcome: recorded|present|replaced|refused, error}…]}',
    load: async () => (await import('./commands/intake.ts')).intake,
  },
  {
    usage: 'run [runIds...]',
    description: 'drives runs as far as they can go; run it again to resume',
    example: 'pawl run --packets tonight.json --max-parallel 3',
    options: [
      new Option('--packets <file>', 'records these packets first, then drives their runs'),
      agentOption('the agent for every role, overriding packet and config; recorded with new runs'),
      new Option('--max-parallel <n>', 'runs driven at once').argParser(whole(PARALLEL_RUNS_BOUND)),
      new Option('--again', 'with --packets: a new run for packets whose run has ended'),
      allOrNothing,
      new Option(
        '--notify <command>',
        "called when a run is done, blocked, failed or set aside, instead of the config's",
      ),
    ],
    needs: [
      ['--again', '--packets'],
      ['--all-or-nothing', '--packets'],
    ],
    json: '{runs: [run…], packets, stopped, faults: [{runId, error}…]}',
    load: async () => (await import('./commands/run.ts')).run,
  },
  {
    usage: 'status [runId]',
    description: 'shows where every run stands and what to do next; read-only',
    example: 'pawl status --watch',
    options: [
      new Option('--watch', 'keeps updating until interrupted or until RUN_ID has ended'),
      new Option('--picture', 'with RUN_ID: the lifecycle, and where the run stands in it'),
    ],
    json: '{runs: [run…], daemon, projects}; --watch prints one such line a second; with a run also decisions and rescueRefs',
    load: async () => (await import('./commands/status.ts')).status,
  },
  {
    usage: 'events <runId>',
    description: 'shows the story of a run, one line per event; read-only',
    example: 'pawl events WID-12 --follow',
    options: [
      new Option('--follow', 'shows events as they happen, until the run has ended'),
      new Option('--raw', "the journal's records, with the effects each requested"),
      new Option('--mermaid', 'a Mermaid sequence diagram of the run, to paste into a review'),
    ],
    json: '{events: [{seq, atMs, actor, event, effects}…]}; --follow prints one event per line; --mermaid {mermaid}',
    load: async () => (await import('./commands/events.ts')).events,
  },
  {
    usage: 'logs <runId> [task]',
    description: "what a task's worker has printed; a coding agent's output as readable turns; read-only",
    example: 'pawl logs WID-12 review --follow',
    options: [
      new Option('--follow', 'shows it as it comes, until the task has ended; without TASK, until the run has'),
      new Option('--raw', 'the bytes as they are, stderr to stderr; made safe where that is a terminal'),
      new Option('--tail <n>', 'only the last lines (with --json: events), and what follows them').argParser(
        whole(LINES_BOUND),
      ),
    ],
    json: '{runId, taskId, purpose, agent, kind, events: [{type, …}…], stderr, used, result, exitCode, signal}; --follow prints one event per line',
    load: async () => (await import('./commands/logs.ts')).logs,
  },
  {
    usage: 'show <run>',
    description:
      'a readable summary of one run: its goal, what changed, what the gates said, attempts, cost, where the evidence is',
    example: 'pawl show WID-12',
    options: [],
    json: '{run, packet, packetHash, packets, branch, commits, change, rounds, attempts, decisions, evidence}',
    load: async () => (await import('./commands/show.ts')).show,
  },
  {
    usage: 'diff <run>',
    description: 'what a run has changed, from its base to the commit that was judged',
    example: 'pawl diff WID-12 --stat',
    options: [
      new Option('--stat', 'only the files with their line counts'),
      new Option('--round <n>', 'the commit that was judged in this round').argParser(whole(ROUNDS_BOUND)),
    ],
    json: '{runId, base, head, round, files, lines}',
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  {
    usage: 'inspect [runId]',
    description: 'the local page for looking at runs and their history; read-only',
    example: 'pawl inspect RUN_ID',
    options: [
      new Option('--port <n>', 'the port on 127.0.0.1 and ::1 (default: a free one)'),
      new Option('--no-open', 'prints the address and opens no browser'),
      new Option('--stately', "forwards the run's states to the stately.ai inspector: they leave this machine"),
    ],
    json: '{url, statelyUrl, port, registry, runId}',
    load: async () => (await import('./commands/inspect.ts')).inspect,
  },
  {
    usage: 'recover',
    description: 'checks every run, records what has ended, sets aside what is ambiguous; starts no worker',
    example: 'pawl recover --dry-run',
    options: [
      new Option('--dry-run', 'changes nothing, takes no lock'),
      new Option('--take-over', 'asserts that the runner that holds the registry is dead; needs --reason').conflicts(
        'dryRun',
      ),
      reason,
    ],
    needs: [['--reason', '--take-over']],
    json: '{runs: [run with findings…], quarantined, dryRun}',
    load: async () => (await import('./commands/recover.ts')).recover,
  },
  {
    usage: 'resolve <runId> <decision>',
    description: 'records your decision on a parked run: retry, accept (override the gate that blocked) or abandon',
    example: 'pawl resolve RUN_ID retry --reason "the flaky test is fixed"',
    options: [reason],
    json: '{commandId, decided, runs: [run]}',
    load: async () => (await import('./commands/resolve.ts')).resolve,
  },
  {
    usage: 'cancel <runId>',
    description: 'stops the run and its worker, records it, releases its surfaces',
    example: 'pawl cancel RUN_ID --reason "no longer needed"',
    options: [reason],
    json: '{commandId, decided, runs: [run]}',
    load: async () => (await import('./commands/resolve.ts')).cancel,
  },
  {
    usage: 'clean',
    description:
      'removes the worktrees of ended runs (with --folders, their folders too), first keeping under a ref anything that exists nowhere else',
    example: 'pawl clean --older-than 7d --dry-run',
    options: [
      new Option('--older-than <age>', 'runs that ended longer ago: 12h, 7d, 2w'),
      new Option('--larger-than <size>', 'runs that take up more: 200m, 1g'),
      new Option('--folders', 'their folders too, evidence included; with --older-than or --larger-than'),
      new Option('--keep-branches', 'keeps branches that add nothing to their base too'),
      new Option('--dry-run', 'shows what would be removed; changes nothing, takes no lock'),
    ],
    json: '{dryRun, runs: [{runId, worktree, rescueRef, branch, …}…], bytes}',
    load: async () => (await import('./commands/clean.ts')).clean,
  },
  {
    usage: 'prove',
    description: 'the restart proof on this machine: kills Pawl everywhere, in sandboxes, and reports what it found',
    example: 'pawl prove --level full --out proof',
    options: [
      new Option('--level <level>', 'smoke: one or two minutes on two processors; full: about ten times that')
        .choices(['smoke', 'full'])
        .default('smoke'),
      several('--cell <cell>', 'only this cell of the checklist, such as internalReview/resultBeforeEvent'),
      new Option('--seed <n>', 'the seed for choosing kills; the report names it (default: a new one)'),
      new Option('--out <folder>', 'where proof.json and proof.html are written (default: a new temporary folder)'),
    ],
    json: 'the proof: level, seed, cells, model, matrix, recovery, holds, …',
    load: async () => (await import('./commands/prove.ts')).prove,
  },
  {
    usage: 'doctor',
    description: 'what this machine has and lacks: tools, file system, registry, daemon, agents',
    example: 'pawl doctor --probe claude',
    options: [new Option('--probe <agent>', 'starts, kills and resumes this agent against a stand-in for its model')],
    json: 'the report: isUsable, checks, agents, probe',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    usage: 'service <action>',
    description: 'the daemon as a service of yours, by systemd or launchd: install, uninstall or status',
    example: 'pawl service install',
    options: [new Option('--force', 'install: overwrites a service file that was edited')],
    json: '{manager, file, logFile, outcome, isInstalled, ownership, isEnabled, isRunning, pid, isLingering, differences}',
    load: async () => (await import('./commands/service.ts')).service,
  },
  {
    usage: 'serve',
    description: 'keeps the engine running for every registered project, with an API, until it is stopped',
    example: 'pawl serve',
    options: [
      new Option('--port <n>', 'the port on 127.0.0.1 and ::1 (default: the last one, or a free one)').argParser(
        portIn,
      ),
      new Option('--log-file <file>', 'where it logs (default: standard error)'),
    ],
    json: '{pid, socket, port, generation}',
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  {
    usage: 'completion [shell]',
    description: 'prints the completion script of a shell: bash, zsh or fish',
    example: 'pawl completion bash',
    options: [new Option('--runs [beginning]', 'the names of runs that begin so, for the scripts').hideHelp()],
    json: '{shell, script}',
    load: async () => (await import('./commands/completion.ts')).completionOf(COMMANDS),
  },
  {
    usage: 'start',
    description: 'starts the daemon in the background, unless it runs, and waits until it is ready',
    example: 'pawl start',
    options: [
      new Option('--timeout <seconds>', 'how long to wait (default: 30)').argParser(whole(TIMEOUT_S_BOUND)),
      new Option('--log-file <file>', 'where it logs (default: daemon.log in its state folder)'),
      new Option('--port <n>', 'the port on 127.0.0.1 and ::1 (default: as pawl serve)').argParser(whole(PORT_BOUND)),
    ],
    json: '{outcome: started|present, pid, socket, port, logFile, version, generation, startedAt}',
    load: async () => (await import('./commands/start.ts')).start,
  },
  {
    usage: 'stop',
    description: 'ends the daemon, and waits until it has gone; workers go on',
    example: 'pawl stop',
    options: [new Option('--timeout <seconds>', 'how long to wait (default: 30)').argParser(whole(TIMEOUT_S_BOUND))],
    json: '{outcome: stopped|absent, pid, how: asked|signalled|null}',
    load: async () => (await import('./commands/stop.ts')).stop,
  },
  {
    usage: 'project <action> [id]',
    description: 'the repositories that the daemon works on: add, ls, get, rm',
    example: 'pawl project add --path .',
    options: [
      new Option('--path <folder>', 'add: the top level of a git repository'),
      new Option('--id <id>', "add: its id (default: the folder's name in lower case)"),
      new Option('--name <name>', "add: its name (default: the folder's name)"),
      new Option('-y, --yes', 'rm: archives it without asking'),
      new Option('--force', 'rm: archives it although runs have not ended'),
    ],
    json: '{project, outcome: added|archived}; ls {projects: [project…]}; get {project}',
    load: async () => (await import('./commands/project.ts')).project,
  },
  {
    usage: 'token <action>',
    description: 'the token of pages and tools that speak to the daemon: rotate replaces it',
    example: 'pawl token rotate',
    options: [],
    json: '{outcome: rotated, tokenFile}',
    load: async () => (await import('./commands/token.ts')).token,
  },
  {
    usage: 'mcp',
    description: 'the MCP server that agents are given for a task; not for direct use',
    example: 'pawl mcp --task FOLDER --mark MARK',
    options: [
      new Option('--task <folder>', "the task's folder"),
      new Option('--mark <mark>', "the task's mark"),
      new Option(
        '--allow <json>',
        'answers permission prompts by these rules: permission, allowedTools, allowedCommands',
      ),
    ],
    json: null,
    load: async () => (await import('./mcp-program.ts')).mcpProgram,
  },
];

/**
 * A coding agent of ours that plays its turn from a plan: it speaks the lines of a real one, and lives and dies as told.
 *
 * Owns: what a step does. Does not own: plans and the lines in them (fixture-lines), starting it (turn-bench, turn-scenario).
 *
 * Called as: node fixture-agent.mjs KIND PLAN WITNESS [the agent's own arguments]
 */
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

const [kind, planFile, witness, ...args] = process.argv.slice(2);
const { env } = process;

const VERSIONS = { claude: '2.1.329 (Claude Code)', codex: 'codex-cli 0.169.0', opencode: '1.18.33' };
const FLAGS =
  '-p --allowedTools --disallowedTools --output-format --verbose --session-id --resume --permission-mode --settings --model --max-budget-usd --json-schema --mcp-config --strict-mcp-config --json -s -c -m --output-schema --format --agent --auto --pure --title --print-logs --log-level';

if (args.includes('--version')) tell(`${VERSIONS[kind]}\n`);
if (args.includes('--help')) tell(`Options:\n${FLAGS.split(' ').join('\n')}\n`);

const session = sessionOf() ?? `${kind}-${process.pid}-${Date.now()}`;
/** True where this is the agent behind a launcher. */
const isInner = env.FIXTURE_INNER !== undefined;
const tools = [];
let chunk = Number.POSITIVE_INFINITY;

function tell(text) {
  process.stdout.write(text);
  process.exit(0);
}

/** The session that the arguments name, null where they name none. */
function sessionOf() {
  const after = (flag) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : null);
  if (kind === 'claude') return after('--session-id') ?? after('--resume');
  if (kind === 'codex') return args[1] === 'resume' ? args.at(-2) : null;
  return after('-s');
}

function stepsOf() {
  const plan = JSON.parse(readFileSync(planFile, 'utf8'));
  if (isInner) return plan[env.FIXTURE_INNER];
  return plan[env.PAWL_TASK_ID] ?? plan[env.PAWL_PURPOSE] ?? plan.any ?? [];
}

function note(what, more = {}) {
  appendFileSync(witness, `${JSON.stringify({ what, task: env.PAWL_TASK_ID, run: env.PAWL_RUN_ID, ...more })}\n`);
}

/** The start is told, and when somebody else plays this very session, that too. */
async function begin() {
  const beat = `${witness}.${session}`;
  if (isInner) return;
  const before = existsSync(beat) ? statSync(beat).mtimeMs : 0;
  if (before !== 0) await pause(120);
  note('start', { kind, session, args });
  if (before !== 0 && statSync(beat).mtimeMs !== before) note('overlap', { session });
  writeFileSync(beat, '');
  setInterval(() => utimesSync(beat, new Date(), new Date()), 20).unref();
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function write(text) {
  // Seconds since the epoch, a while ahead, as a number.
  const soon = Math.ceil(Date.now() / 1000) + Number(env.FIXTURE_SOON_S ?? 0);
  const bytes = Buffer.from(text.replaceAll('$SESSION', session).replaceAll('"$SOON"', String(soon)));
  for (let at = 0; at < bytes.length; at += chunk) writeSync(1, bytes.subarray(at, at + chunk));
}

/** A tool, or the agent behind a launcher: in a session of its own, with our standard output. */
function start(command, words, more) {
  const child = spawn(command, words, { detached: true, stdio: ['ignore', 1, 2], ...more });
  tools.push(child);
  return child;
}

function endTools() {
  for (const { pid } of tools) {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

const DOING = {
  say: ({ line }) => write(`${JSON.stringify(line)}\n`),
  raw: ({ text }) => write(text),
  split: ({ bytes }) => {
    chunk = bytes;
  },
  complain: ({ text }) => void writeSync(2, text),
  wait: ({ ms }) => pause(ms),
  until: async ({ file }) => {
    while (!existsSync(file)) await pause(10);
  },
  repeat: async ({ times, everyMs, line }) => {
    for (let n = 0; n < times; n += 1) {
      write(`${JSON.stringify(line)}\n`);
      await pause(everyMs);
    }
  },
  note: ({ text }) => note(text),
  change: ({ path, text }) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text ?? `${env.PAWL_TASK_ID}\n`);
  },
  answer: ({ answer }) =>
    writeFileSync(env.PAWL_COMPLETION_FILE, JSON.stringify({ status: 'completed', summary: 'Done.', ...answer })),
  stdin: ({ file }) => writeFileSync(file, readFileSync(0)),
  ignore: ({ signals }) => {
    for (const signal of signals) process.on(signal, () => note(`ignored ${signal}`));
  },
  /** Takes the signal as a CLI does: says so, ends its tools or not, exits. */
  takes: ({ signal, code, line, endsTools }) => {
    process.on(signal, () => {
      note(`took ${signal}`);
      if (endsTools) endTools();
      if (line !== undefined) write(`${JSON.stringify(line)}\n`);
      process.exit(code);
    });
  },
  tool: ({ diesWithUs }) => {
    const alive = diesWithUs ? `kill -0 ${process.pid}` : ':';
    start('sh', ['-c', `trap "" TERM INT HUP; while ${alive}; do sleep 0.3; done`]);
  },
  /** Another process does the work; we are what stands before it. */
  launch: async ({ steps, code }) => {
    const child = start(process.execPath, process.argv.slice(1), { env: { ...env, FIXTURE_INNER: steps } });
    await new Promise((resolve) => child.once('exit', resolve));
    process.exit(code ?? 0);
  },
  /** Works on, and tells every call of its model. */
  work: async ({ everyMs }) => {
    for (;;) {
      note('call');
      await pause(everyMs);
    }
  },
  close: () => void closeSync(1),
  hold: () => pause(600_000),
  exit: ({ code }) => process.exit(code),
  die: ({ signal }) => process.kill(process.pid, signal),
};

await begin();
for (const step of stepsOf()) await DOING[step.do](step);
// What is still running does not keep us.
process.exit(0);

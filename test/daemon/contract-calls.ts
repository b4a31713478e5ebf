/**
 * Calls of the API as its document promises it: every answer is held against it.
 *
 * Owns: the daemon and the projects of the contract's test, sending an operation as it should be sent. Does not own: what is promised (contract-kit).
 */
import { type OperationId, PATHS } from '../../src/daemon/api/paths.ts';
import { packetOf } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';
import { ask, Contract, codeOf, type RawAnswer, type RawRequest } from './contract-kit.ts';
import { DaemonPlace } from './daemon-kit.ts';

/** What was promised, and what was seen of it. */
export const contract = new Contract();
/** The daemon. */
export const place = new DaemonPlace();
/** A project in which most is done. */
export const one = new Scenario('one');
/** Another one. */
export const two = new Scenario('two');
/** One whose repository goes away for a while. */
export const gone = new Scenario('gone');
/** Every operation. */
export const IDS = Object.keys(PATHS) as OperationId[];
/** Those that need a key. */
export const COMMANDS: readonly OperationId[] = ['addProject', 'addRuns', 'commandRun'];
/** Those that have a body. */
export const BODIES: readonly OperationId[] = [...COMMANDS, 'cleanProject'];
/** A command that fits any run. */
export const CANCEL = { command: 'cancel', reason: 'enough' };

/** Runs by their packets: `slow` hangs, `quick` ends. */
export const runs: Record<string, string> = {};
let keys = 0;
/** A key that nobody has used. */
export const newKey = (): string => {
  keys += 1;
  return `key-${keys}`;
};

/** Where the operation is, with parameters that name what is there. */
export function pathOf(id: OperationId, params: Readonly<Record<string, string>> = {}): string {
  const path = PATHS[id][1];
  const usual = {
    id: path.includes('/projects/') ? 'one' : (runs.slow ?? ''),
    task: 't',
    sha256: 'f'.repeat(64),
    key: 'k',
  };
  const named: Readonly<Record<string, string>> = { ...usual, ...params };
  return path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => named[name] ?? '');
}

/** What is otherwise than the operation should have it. */
export interface Call extends Partial<RawRequest> {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly json?: unknown;
  readonly key?: string | null;
}

/** Sends the operation as it should be sent, but for what is said otherwise; the answer is what the document says. */
export async function call(
  id: OperationId,
  { params, query = '', json, key, headers, ...more }: Call = {},
): Promise<RawAnswer> {
  const isCommand = COMMANDS.includes(id);
  const answer = await ask(place, {
    method: PATHS[id][0],
    path: `${pathOf(id, params)}${query}`,
    headers: {
      ...(isCommand && key !== null ? { 'Idempotency-Key': key ?? newKey() } : {}),
      ...(BODIES.includes(id) ? { 'Content-Type': 'application/json' } : {}),
      ...headers,
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    ...more,
  });
  return contract.check(id, answer);
}

/** The code of the error that the call gives; null where it gives none. */
export const refused = async (id: OperationId, with_: Call): Promise<string | null> => codeOf(await call(id, with_));
/** Packets of these names. */
export const packets = (...ids: string[]) => ids.map((id) => packetOf(id));

/** The daemon serves, with nothing registered. */
export async function begin(): Promise<void> {
  for (const scenario of [one, two, gone]) {
    scenario.scripted({ slow: { implementation: [{ do: 'print', text: 'Grüße' }, { do: 'hang' }] } });
    scenario.packets(packetOf('slow'), packetOf('quick'));
  }
  await place.start();
}

/** Everything of it is gone. */
export async function end(): Promise<void> {
  await place.end();
  for (const scenario of [one, two, gone]) await scenario.end();
}

/** What the document promises and this file does not provoke, and why. */
export const UNPROVOKED: readonly (readonly [RegExp, string])[] = [
  [/ PAWL_BUG$/, 'a bug of ours, which we would mend'],
  [/ PAWL_STORE_FAILED$/, 'provoked once, by getCommand: every file of a registry can be the one that cannot be read'],
  [/ PAWL_STORE_PERMISSION$/, 'whoever runs the tests may be root, whom no file mode stops'],
  [/ PAWL_STORE_(?:SYNC_FAILED|NO_LINKS)$/, 'needs a disk that fails, or a file system without links'],
  [/ PAWL_STORE_FULL$/, 'needs a full disk: attacks.test.ts has one'],
  [/ TOO_MANY_CLIENTS$/, 'needs 256 streams: attacks.test.ts has them'],
  [/ DAEMON_STARTING$/, 'lasts until the projects are known: serving.test.ts stops a daemon there'],
  [/ DAEMON_STOPPING$/, 'lasts for as long as short work does: a moment that no test can rely on'],
  [/^getReadiness 503$/, 'lasts for as long as a registry is being opened: a moment, too'],
  [/ 202$/, 'needs a process that drives the project and decides nothing for ten seconds'],
  [/ PAWL_REGISTRY_(?:LOCKED|FOREIGN|INVALID)$/, 'needs a registry of another machine, repository or version'],
  [/ PAWL_GIT_FAILED$/, 'needs a git that fails in the middle of a cleaning'],
  [/ PAWL_RUN_QUARANTINED$/, 'needs a damaged journal'],
  [/ PAWL_RULES_UNSUPPORTED$/, 'needs a run of another version of Pawl'],
  [/^addRuns PAWL_COMMAND_REFUSED$/, 'packets that are refused have codes of their own; left for those that have none'],
  [/^(?:commandRun|getCommand) PROJECT_UNAVAILABLE$/, 'needs a repository that goes between a command and its answer'],
];

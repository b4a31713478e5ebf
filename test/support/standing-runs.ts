/**
 * Runs that stand in every state of the machine: what a killed engine left on a simulated machine right after the record that led there.
 *
 * Owns: short stories that together come to every state, keeping what is left there, opening it. Does not own: playing a story (prove/sim), which states there
 * are (chart-steps).
 *
 * Invariant: what is kept is whole: an engine that opens it finds the run in that state, and its files in agreement.
 */
import { runMachine } from '../../machines/run/run.machine.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { Driver } from '../../src/engine/driver.ts';
import type { IntakeEntry } from '../../src/engine/intake.ts';
import type { World } from '../../src/engine/world.ts';
import { DECISIONS } from '../../src/model/command.ts';
import type { JournalEvent } from '../../src/model/event.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import { readPackets } from '../../src/packets/packets.ts';
import { MemoryClock } from '../../src/prove/memory/memory-clock.ts';
import { placeOf } from '../../src/prove/model/key.ts';
import { freshSite, type Site } from '../../src/prove/sim/outside.ts';
import { play } from '../../src/prove/sim/play.ts';
import { CONFIGS, SIM_AGENTS } from '../../src/prove/sim/ports.ts';
import { simWorld } from '../../src/prove/sim/sim-world.ts';
import { storyOf } from '../../src/prove/sim/story.ts';
import { decisionEvent } from '../../src/run/decision-event.ts';
import { decideRun, type RunDecision, type RunState } from '../../src/run/system.ts';
import { leavesOf } from './chart-steps.ts';

/** Every command to a run. */
export const ASKED = ['cancel', ...DECISIONS] as const;
/** One of them. */
export type Asked = (typeof ASKED)[number];

/** A machine on which a run stands in a state, and nobody drives it. */
export interface Standing {
  /** The state, and what each command that the machine accepts there leads to. */
  readonly name: string;
  readonly place: string;
  readonly state: RunState;
  readonly entry: IntakeEntry;
  readonly site: Site;
}

const BEGUN = ['runAdmitted', 'leaseAcquired', 'workspacePrepared', 'taskRequested'];
const MADE = [...BEGUN, 'workerEnded completed', 'workCommitted', 'taskRequested'];
const VERIFIED = [...MADE, 'workerEnded completed', 'gateJudged PASS', 'taskRequested'];
const FIXING = [...MADE, 'workerEnded completed', 'gateJudged FAIL', 'taskRequested'];
const IN_DOUBT = [...BEGUN, 'hostClaimed', 'hostDoubted'];

/** The steps of stories, after the first record of each. */
const STORIES: readonly (readonly string[])[] = [
  [
    ...[
      ...FIXING,
      'workerEnded completed',
      'workCommitted',
      'taskRequested',
      'workerEnded completed',
      'gateJudged PASS',
    ],
    ...['taskRequested', 'workerEnded completed', 'gateJudged PASS', 'handoffProjected'],
  ],
  ['agentMissing', 'cancelRequested'],
  ['admissionRefused', 'cancelRequested'],
  ['runAdmitted', 'leaseRefused', 'cancelRequested'],
  ['runAdmitted', 'leaseAcquired', 'workspaceRefused'],
  [
    'runAdmitted withSetup',
    'leaseAcquired',
    'workspacePrepared',
    'taskRequested',
    'workerEnded limited',
    'cancelRequested',
  ],
  ...[BEGUN, MADE, VERIFIED, FIXING].map((steps) => [...steps, 'workerEnded limited', 'cancelRequested']),
  [...BEGUN, 'workerEnded failed', 'taskRequested', 'workerEnded failed'],
  [...BEGUN, 'hostClaimed', 'cancelRequested', 'workerEnded cancelled'],
  [...IN_DOUBT, 'decisionMade retry', 'cancelRequested', 'workerEnded timedOut'],
  [...IN_DOUBT, 'decisionMade abandon', 'workerEnded blocked'],
  [...BEGUN, 'workerEnded completed', 'surfaceExceeded strict'],
  [...MADE, 'workerEnded completed', 'gateJudged BLOCKED'],
];

/** The machine's states in which a run can stand. */
export const PLACES = leavesOf(runMachine);

/** Runs in all of the states that the stories come to, one for each way in which the commands are decided there. */
export async function standingRuns(): Promise<readonly Standing[]> {
  const found = new Map<string, Standing>();
  const keep = (standing: Standing): void => void (found.has(standing.name) || found.set(standing.name, standing));
  keep(await insufficient());
  for (const [number, types] of STORIES.entries())
    for (const standing of await standingsOf(number, types)) keep(standing);
  return [...found.values()];
}

async function standingsOf(number: number, types: readonly string[]): Promise<readonly Standing[]> {
  const story = storyOf(`story ${number}`, types, []);
  const met = new Map<string, Standing>();
  const played = await play(story, freshSite(), (_call, process) => {
    const { state } = process.director;
    if (state === null) return;
    const name = nameOf(state);
    if (met.has(name)) return;
    const site = process.stopped('killed', 0);
    met.set(name, { name, place: placeOf(state.root.value), state, entry: story.entry, site });
  });
  if (played.problem !== null) throw new Error(`${types.join(' → ')}: ${played.problem}`);
  return [...met.values()];
}

/** A run of a packet that lacks something: no story begins so. */
async function insufficient(): Promise<Standing> {
  const [reading] = readPackets(JSON.stringify([{ task_id: 'SIM-0' }]), sha256).readings;
  if (reading === undefined) throw new Error('the packet cannot be read');
  const { entry } = storyOf('insufficient', [], []);
  const site = freshSite();
  const driver = new Driver(await worldOn(site), { maxParallel: 1, agentOverride: null });
  await driver.open();
  const own = { ...entry, runId: reading.runId, reading };
  const { state } = await driver.create(own);
  await driver.close();
  await driver.world.lock.release();
  return { name: nameOf(state), place: placeOf(state.root.value), state, entry: own, site };
}

/** What the machine makes of the command. */
export function decided(state: RunState, asked: Asked): RunDecision {
  return decideRun(state.systemId, state, { actor: RUN_ACTOR, event: eventOf(state, asked), atMs: 1 });
}

function eventOf({ root: { context } }: RunState, asked: Asked): JournalEvent {
  const made = { commandId: 'c', by: 'somebody', reason: 'r' };
  return asked === 'cancel'
    ? { type: 'cancelRequested', ...made }
    : decisionEvent(context, { ...made, decision: asked });
}

function nameOf(state: RunState): string {
  const ways = ASKED.flatMap((asked) => {
    const decision = decided(state, asked);
    return decision.kind === 'accepted' ? [`${asked} → ${placeOf(decision.state.root.value)}`] : [];
  });
  return `${placeOf(state.root.value)}: ${ways.join(', ') || 'nothing'}`;
}

/** A new engine on a copy of what was left, which has brought its runs back and drives nothing; `prepare`: what happens to the registry before that. */
export async function engineOn(
  { site }: Pick<Standing, 'site'>,
  prepare: (world: World) => Promise<unknown> = async () => undefined,
): Promise<Driver> {
  const world = await worldOn({ machine: site.machine.copy(), outside: site.outside.copy() });
  await prepare(world);
  const driver = new Driver(world, { maxParallel: 1, agentOverride: null, letsEndedGo: true });
  await driver.open();
  return driver;
}

function worldOn({ machine, outside: { repository } }: Site): Promise<World> {
  return simWorld({
    fs: machine.disk,
    clock: new MemoryClock(machine, 1),
    processes: machine.processes(machine.begin()),
    git: repository.git(() => []),
    agents: SIM_AGENTS,
    config: CONFIGS.plain,
    repository,
    makeDurable: () => undefined,
  });
}

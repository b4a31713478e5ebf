/**
 * The moments of a run at which its processes are killed, by stage and class.
 *
 * Owns: naming each moment by the operation or file at which it is reached from outside, and who is killed there. Does not own: reaching it (trial).
 *
 * Sources: the order of doing in the design, sections 5 to 7: request, record, host, claim, worker at its gate, agent record, go, answer, outcome,
 * record, commit or evidence, record, snapshot.
 */
import type { KillClass, Stage, Victim } from '../proof.ts';
import type { Place } from './plan.ts';

/** Which script the workers follow. */
export type Story = 'passes' | 'verificationFails' | 'reviewFails';

/** How a moment is reached: a process stopped at one of its operations, or the first output of the worker. */
export type Reach =
  | { readonly by: 'runner' | 'host'; readonly when: 'before' | 'after' | 'partial'; readonly at: Place }
  | { readonly by: 'output' };

/**
 * What is special about the trial. `deadline`: the worker outlives it. `lateAnswer`: it answers after it. `lateHost`: a host that has claimed nothing
 * continues after the next one has. `secondRunner`: another one is started while the first is stopped. `race`: two are started after the kill.
 * `longWait`: the worker takes longer than it takes to store a snapshot of the wait.
 */
export type Twist = 'none' | 'deadline' | 'lateAnswer' | 'lateHost' | 'secondRunner' | 'race' | 'longWait';

/** One moment. */
export interface Point {
  readonly stage: Stage;
  readonly class: KillClass;
  /** What has happened, and what has not. */
  readonly name: string;
  readonly story: Story;
  readonly task: string;
  readonly reach: Reach;
  readonly twist: Twist;
  readonly victims: readonly Victim[];
}

type Sketch = Pick<Point, 'name' | 'reach' | 'victims' | 'twist'>;
type StageTask = Pick<Point, 'stage' | 'story' | 'task'>;

const TASKS: readonly StageTask[] = [
  { stage: 'implementation', story: 'passes', task: 'implementation-e0-a1' },
  { stage: 'verification', story: 'passes', task: 'verification-e1-a1' },
  { stage: 'internalReview', story: 'passes', task: 'review-e1-a1' },
  { stage: 'fixLoop', story: 'verificationFails', task: 'fix-e1-a1' },
  { stage: 'fixLoop', story: 'reviewFails', task: 'fix-e1-a1' },
];

/** Classes in which a fix after a review is worth kills of its own beside one after a verification. */
const DIFFERS_BY_GATE: readonly string[] = ['spawnedBeforeResult', 'resultBeforeEvent'] satisfies KillClass[];

const HANDOFF: StageTask = { stage: 'handoffReady', story: 'passes', task: 'review-e1-a1' };

/** The runner is alone with its files: nobody else lives. */
const ALONE: readonly Victim[] = ['runner', 'all'];
/** A host is at work, its worker is not there or waits. */
const HOSTED: readonly Victim[] = ['host', 'runner', 'runnerAndHost', 'all'];
const EVERYBODY: readonly Victim[] = ['worker', ...HOSTED];

const JOURNAL = 'events.jsonl';

function runner(when: 'before' | 'after' | 'partial', operation: string, about: string, ...bytes: string[]): Reach {
  return { by: 'runner', when, at: { operation, about, bytes } };
}

function host(when: 'before' | 'after', about: string): Reach {
  return { by: 'host', when, at: { operation: 'linkSync', about } };
}

function at(name: string, reach: Reach, victims: readonly Victim[], twist: Twist = 'none'): Sketch {
  return { name, reach, victims, twist };
}

/** All moments, in the order of stages and classes. */
export function allPoints(): readonly Point[] {
  const ofTasks = TASKS.flatMap((task) =>
    Object.entries(sketchesOf(task))
      .filter(([kind]) => task.story !== 'reviewFails' || DIFFERS_BY_GATE.includes(kind))
      .flatMap(([kind, sketches]) => pointsOf(task, kind, sketches)),
  );
  const ofHandoff = Object.entries(HANDOFF_SKETCHES).flatMap(([kind, sketches]) => pointsOf(HANDOFF, kind, sketches));
  return [...ofTasks, ...ofHandoff];
}

function pointsOf(task: StageTask, kind: string, sketches: readonly Sketch[]): readonly Point[] {
  return sketches.map((sketch) => ({ ...task, ...sketch, class: kind as KillClass }));
}

/** What the moments of one task are told by. */
interface Signs {
  /** The task's folder, below the run's. */
  readonly files: string;
  readonly task: string;
  /** Texts of the record that the worker has ended. */
  readonly ended: readonly string[];
  /** Texts of the record of what came of it: the commit, or the judged gate. */
  readonly settled: readonly string[];
  readonly product: string;
}

function sketchesOf({ stage, task }: StageTask): Readonly<Record<KillClass, readonly Sketch[]>> {
  const isGate = stage === 'verification' || stage === 'internalReview';
  const signs: Signs = {
    files: `tasks/${task}`,
    task,
    ended: ['"workerEnded"', task],
    settled: isGate ? ['"gateJudged"', task] : ['"workCommitted"', task],
    product: isGate ? 'the evidence is written' : 'the work is committed',
  };
  return {
    intentBeforeSpawn: intentBeforeSpawn(signs),
    spawnedBeforeResult: spawnedBeforeResult(signs),
    resultBeforeEvent: resultBeforeEvent(signs),
    eventBeforeSnapshot: eventBeforeSnapshot(signs),
    staleOrTimeout: staleOrTimeout(signs),
    conflictingOrLate: conflictingOrLate(signs),
  };
}

function intentBeforeSpawn({ files, task }: Signs): readonly Sketch[] {
  return [
    at('the request is written, not recorded', runner('after', 'linkSync', `${files}/request.json`), ALONE),
    at(
      'half of the record of the request is written',
      runner('partial', 'writeSync', JOURNAL, '"taskRequested"', task),
      ALONE,
    ),
    at('the request is recorded, no host is started', runner('before', 'spawn', `host/main.js ${files}`), ALONE),
    at('a host is started and has claimed nothing', host('before', `${files}/claim`), HOSTED),
    at('a host has claimed, no worker is started', host('after', `${files}/claim`), HOSTED),
    at('the worker waits at its gate, unrecorded', host('before', `${files}/agent.json`), HOSTED),
  ];
}

function spawnedBeforeResult({ files, task }: Signs): readonly Sketch[] {
  return [
    at('the worker works', { by: 'output' }, EVERYBODY),
    at('the worker is recorded, its gate is closed', host('after', `${files}/agent.json`), EVERYBODY),
    at(
      'half of the record of its start is written',
      runner('partial', 'writeSync', JOURNAL, '"workerSpawned"', task),
      ALONE,
    ),
  ];
}

function resultBeforeEvent({ files, ended, settled, product }: Signs): readonly Sketch[] {
  return [
    at('the answer is kept, no outcome is linked', host('after', `${files}/completion.json`), HOSTED),
    at('the outcome is written, not linked', host('before', `${files}/outcome`), HOSTED),
    at('the outcome is linked, its host still there', host('after', `${files}/outcome`), HOSTED),
    at('the outcome is known to the runner, unrecorded', runner('before', 'writeSync', JOURNAL, ...ended), ALONE),
    at('half of the record of the end is written', runner('partial', 'writeSync', JOURNAL, ...ended), ALONE),
    at(`${product}, unrecorded`, runner('before', 'writeSync', JOURNAL, ...settled), ALONE),
  ];
}

function eventBeforeSnapshot({ ended, settled, product }: Signs): readonly Sketch[] {
  return [
    at('the end of the worker is recorded', runner('after', 'fdatasync', JOURNAL, ...ended), ALONE),
    at('the end of the worker is written, not synced', runner('after', 'writeSync', JOURNAL, ...ended), ALONE),
    at(`${product} and recorded`, runner('after', 'fdatasync', JOURNAL, ...settled), ALONE),
    at(
      'a snapshot of the wait is written, not in its place',
      runner('before', 'renameSync', 'snapshot.json'),
      ALONE,
      'longWait',
    ),
  ];
}

function staleOrTimeout({ files, ended }: Signs): readonly Sketch[] {
  return [
    at('the deadline has passed, its outcome is not linked', host('before', `${files}/outcome`), HOSTED, 'deadline'),
    at('the deadline has passed, unrecorded', runner('before', 'writeSync', JOURNAL, ...ended), ALONE, 'deadline'),
    at(
      'the worker continues without host and runner, past its deadline',
      { by: 'output' },
      ['runnerAndHost'],
      'deadline',
    ),
    at(
      'the stopped runner still holds the registry',
      runner('before', 'spawn', `host/main.js ${files}`),
      ALONE,
      'secondRunner',
    ),
  ];
}

function conflictingOrLate({ files, ended }: Signs): readonly Sketch[] {
  return [
    at('a host comes late: another one has claimed', host('before', `${files}/claim`), ['runner'], 'lateHost'),
    at('the answer comes after the deadline', host('before', `${files}/outcome`), HOSTED, 'lateAnswer'),
    at(
      'two runners are started at once over an unrecorded end',
      runner('before', 'writeSync', JOURNAL, ...ended),
      ALONE,
      'race',
    ),
  ];
}

const PROJECTED = '"handoffProjected"';
const ARTIFACTS = 'artifacts/handoff/';

const HANDOFF_SKETCHES: Readonly<Record<KillClass, readonly Sketch[]>> = {
  intentBeforeSpawn: [
    at(
      'the review has passed, no projection has begun',
      runner('after', 'fdatasync', JOURNAL, '"gateJudged"', HANDOFF.task),
      ALONE,
    ),
    at('the projection is about to write', runner('before', 'openSync', ARTIFACTS), ALONE),
  ],
  spawnedBeforeResult: [
    at('half of the first artifact is written', runner('partial', 'writeSync', ARTIFACTS), ALONE),
    at('the page is in its place, the bundle is not', runner('after', 'renameSync', `${ARTIFACTS}handoff.md`), ALONE),
  ],
  resultBeforeEvent: [
    at('the bundle is in its place', runner('after', 'renameSync', `${ARTIFACTS}handoff-`), ALONE),
    at('the branch is being released', runner('after', 'spawn', 'release the branch'), ALONE),
    at('everything is done, unrecorded', runner('before', 'writeSync', JOURNAL, PROJECTED), ALONE),
    at('half of the record is written', runner('partial', 'writeSync', JOURNAL, PROJECTED), ALONE),
  ],
  eventBeforeSnapshot: [
    at('the handoff is recorded', runner('after', 'fdatasync', JOURNAL, PROJECTED), ALONE),
    at('the snapshot is written, not in its place', runner('before', 'renameSync', 'snapshot.json'), ALONE),
    at('the snapshot is in its place, its folder not synced', runner('after', 'renameSync', 'snapshot.json'), ALONE),
    at('the registry is not yet released', runner('before', 'linkSync', 'released.'), ALONE),
  ],
  staleOrTimeout: [
    at(
      'the stopped runner still holds the registry',
      runner('before', 'writeSync', JOURNAL, PROJECTED),
      ALONE,
      'secondRunner',
    ),
  ],
  conflictingOrLate: [
    at(
      'two runners are started at once over an unrecorded handoff',
      runner('before', 'writeSync', JOURNAL, PROJECTED),
      ALONE,
      'race',
    ),
  ],
};

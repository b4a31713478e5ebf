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
 * goes on after the next one has. `secondRunner`: another one is started while the first is stopped. `race`: two are started after the kill.
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

type Sketch = Pick<Point, 'name' | 'reach' | 'victims'> & { readonly twist?: Twist };
type StageTask = Pick<Point, 'stage' | 'story' | 'task'>;

const TASKS: readonly StageTask[] = [
  { stage: 'implementation', story: 'passes', task: 'implementation-e0-a1' },
  { stage: 'verification', story: 'passes', task: 'verification-e1-a1' },
  { stage: 'internalReview', story: 'passes', task: 'review-e1-a1' },
  { stage: 'fixLoop', story: 'verificationFails', task: 'fix-e1-a1' },
  { stage: 'fixLoop', story: 'reviewFails', task: 'fix-e1-a1' },
];

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

/** All moments, in the order of stages and classes. */
export function allPoints(): readonly Point[] {
  const ofTasks = TASKS.flatMap((task) =>
    Object.entries(sketchesOf(task)).flatMap(([kind, sketches]) => pointsOf(task, kind, sketches)),
  );
  const ofHandoff = Object.entries(HANDOFF_SKETCHES).flatMap(([kind, sketches]) => pointsOf(HANDOFF, kind, sketches));
  return [...ofTasks, ...ofHandoff];
}

function pointsOf(task: StageTask, kind: string, sketches: readonly Sketch[]): readonly Point[] {
  return sketches.map((sketch) => ({ twist: 'none', ...task, ...sketch, class: kind as KillClass }));
}

function sketchesOf({ stage, task }: StageTask): Readonly<Record<KillClass, readonly Sketch[]>> {
  const files = `tasks/${task}`;
  const ended = ['"workerEnded"', task];
  const isGate = stage === 'verification' || stage === 'internalReview';
  const settled = isGate ? ['"gateJudged"', task] : ['"workCommitted"', task];
  const product = isGate ? 'the evidence is written' : 'the work is committed';
  return {
    intentBeforeSpawn: [
      {
        name: 'the request lies there, unrecorded',
        reach: runner('after', 'linkSync', `${files}/request.json`),
        victims: ALONE,
      },
      {
        name: 'half of the record of the request is written',
        reach: runner('partial', 'writeSync', JOURNAL, '"taskRequested"', task),
        victims: ALONE,
      },
      {
        name: 'the request is recorded, no host is started',
        reach: runner('before', 'spawn', `host/main.js ${files}`),
        victims: ALONE,
      },
      { name: 'a host is started and has claimed nothing', reach: host('before', `${files}/claim`), victims: HOSTED },
      { name: 'a host has claimed, no worker is started', reach: host('after', `${files}/claim`), victims: HOSTED },
      {
        name: 'the worker waits at its gate, unrecorded',
        reach: host('before', `${files}/agent.json`),
        victims: HOSTED,
      },
    ],
    spawnedBeforeResult: [
      { name: 'the worker works', reach: { by: 'output' }, victims: EVERYBODY },
      {
        name: 'the worker is recorded, its gate is closed',
        reach: host('after', `${files}/agent.json`),
        victims: EVERYBODY,
      },
      {
        name: 'half of the record of its start is written',
        reach: runner('partial', 'writeSync', JOURNAL, '"workerSpawned"', task),
        victims: ALONE,
      },
    ],
    resultBeforeEvent: [
      {
        name: 'the answer is kept, no outcome is linked',
        reach: host('after', `${files}/completion.json`),
        victims: HOSTED,
      },
      { name: 'the outcome is written, not linked', reach: host('before', `${files}/outcome`), victims: HOSTED },
      {
        name: 'the outcome is linked, its host still there',
        reach: host('after', `${files}/outcome`),
        victims: HOSTED,
      },
      {
        name: 'the outcome is known to the runner, unrecorded',
        reach: runner('before', 'writeSync', JOURNAL, ...ended),
        victims: ALONE,
      },
      {
        name: 'half of the record of the end is written',
        reach: runner('partial', 'writeSync', JOURNAL, ...ended),
        victims: ALONE,
      },
      { name: `${product}, unrecorded`, reach: runner('before', 'writeSync', JOURNAL, ...settled), victims: ALONE },
    ],
    eventBeforeSnapshot: [
      {
        name: 'the end of the worker is recorded',
        reach: runner('after', 'fdatasyncSync', JOURNAL, ...ended),
        victims: ALONE,
      },
      {
        name: 'the end of the worker is written, not synced',
        reach: runner('after', 'writeSync', JOURNAL, ...ended),
        victims: ALONE,
      },
      { name: `${product} and recorded`, reach: runner('after', 'fdatasyncSync', JOURNAL, ...settled), victims: ALONE },
      {
        name: 'a snapshot of the wait is written, not in its place',
        reach: runner('before', 'renameSync', 'snapshot.json'),
        victims: ALONE,
        twist: 'longWait',
      },
    ],
    staleOrTimeout: [
      {
        name: 'the deadline has passed, its outcome is not linked',
        reach: host('before', `${files}/outcome`),
        victims: HOSTED,
        twist: 'deadline',
      },
      {
        name: 'the deadline has passed, unrecorded',
        reach: runner('before', 'writeSync', JOURNAL, ...ended),
        victims: ALONE,
        twist: 'deadline',
      },
      {
        name: 'the worker goes on without host and runner, over its deadline',
        reach: { by: 'output' },
        victims: ['runnerAndHost'],
        twist: 'deadline',
      },
      {
        name: 'the stopped runner still holds the registry',
        reach: runner('before', 'spawn', `host/main.js ${files}`),
        victims: ALONE,
        twist: 'secondRunner',
      },
    ],
    conflictingOrLate: [
      {
        name: 'a host comes late: another one has claimed',
        reach: host('before', `${files}/claim`),
        victims: ['runner'],
        twist: 'lateHost',
      },
      {
        name: 'the answer comes after the deadline',
        reach: host('before', `${files}/outcome`),
        victims: HOSTED,
        twist: 'lateAnswer',
      },
      {
        name: 'two runners are started at once over an unrecorded end',
        reach: runner('before', 'writeSync', JOURNAL, ...ended),
        victims: ALONE,
        twist: 'race',
      },
    ],
  };
}

const PROJECTED = '"handoffProjected"';
const ARTIFACTS = 'artifacts/handoff/';

const HANDOFF_SKETCHES: Readonly<Record<KillClass, readonly Sketch[]>> = {
  intentBeforeSpawn: [
    {
      name: 'the review has passed, no projection has begun',
      reach: runner('after', 'fdatasyncSync', JOURNAL, '"gateJudged"', HANDOFF.task),
      victims: ALONE,
    },
    { name: 'the projection is about to write', reach: runner('before', 'openSync', ARTIFACTS), victims: ALONE },
  ],
  spawnedBeforeResult: [
    { name: 'half of the first artifact is written', reach: runner('partial', 'writeSync', ARTIFACTS), victims: ALONE },
    {
      name: 'the page is in its place, the bundle is not',
      reach: runner('after', 'renameSync', `${ARTIFACTS}handoff.md`),
      victims: ALONE,
    },
  ],
  resultBeforeEvent: [
    {
      name: 'the bundle is in its place',
      reach: runner('after', 'renameSync', `${ARTIFACTS}handoff-`),
      victims: ALONE,
    },
    { name: 'the branch is being let go', reach: runner('after', 'spawn', 'let go of the branch'), victims: ALONE },
    {
      name: 'everything is done, unrecorded',
      reach: runner('before', 'writeSync', JOURNAL, PROJECTED),
      victims: ALONE,
    },
    {
      name: 'half of the record is written',
      reach: runner('partial', 'writeSync', JOURNAL, PROJECTED),
      victims: ALONE,
    },
  ],
  eventBeforeSnapshot: [
    { name: 'the handoff is recorded', reach: runner('after', 'fdatasyncSync', JOURNAL, PROJECTED), victims: ALONE },
    {
      name: 'the snapshot is written, not in its place',
      reach: runner('before', 'renameSync', 'snapshot.json'),
      victims: ALONE,
    },
    {
      name: 'the snapshot is in its place, its folder not synced',
      reach: runner('after', 'renameSync', 'snapshot.json'),
      victims: ALONE,
    },
    { name: 'the registry is not yet let go', reach: runner('before', 'linkSync', 'released.'), victims: ALONE },
  ],
  staleOrTimeout: [
    {
      name: 'the stopped runner still holds the registry',
      reach: runner('before', 'writeSync', JOURNAL, PROJECTED),
      victims: ALONE,
      twist: 'secondRunner',
    },
  ],
  conflictingOrLate: [
    {
      name: 'two runners are started at once over an unrecorded handoff',
      reach: runner('before', 'writeSync', JOURNAL, PROJECTED),
      victims: ALONE,
      twist: 'race',
    },
  ],
};

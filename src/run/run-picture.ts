/**
 * The lifecycle as a small text picture that marks the state of one run.
 *
 * Owns: the drawing, and what the view says about the path so far. Does not own: the view (run/run-view), colours (cli).
 * Free of xstate and zod: `status` draws it.
 *
 * Invariants: 1. A run is at exactly one line, which says so if nothing of it is at work; a run whose state is unknown, for instance because it is set aside, is at no line. 2. No line is longer than PICTURE_COLUMNS.
 */
import { contraryStanding, taskStanding } from './liveness.ts';
import { isKnownIdle } from './run-marks.ts';
import { type RunView, type TaskView, UNKNOWN_STATE } from './run-view.ts';

/** The width that a terminal needs for it. */
export const PICTURE_COLUMNS = 80;

/** How a line relates to the run: it is there, has been there, has not been there, or was stopped there. */
export type PictureMark = 'here' | 'passed' | 'ahead' | 'stopped';

/** One line of the picture. */
export interface PictureLine {
  readonly mark: PictureMark;
  readonly text: string;
}

const SIGNS: Readonly<Record<PictureMark, string>> = { here: '●', passed: '✓', ahead: '○', stopped: '■' };

/** The path of a run, from top to bottom, with the lines of the loop between a failed gate and the next verification. */
const WAY = [
  { state: 'packetReceived', loop: '      ', back: '' },
  { state: 'queued', loop: '      ', back: '' },
  { state: 'waitingForLock', loop: '      ', back: '' },
  { state: 'implementing', loop: '      ', back: '' },
  { state: 'verification', loop: ' ┌──▶ ', back: '┐' },
  { state: 'internalReview', loop: ' │    ', back: '┤' },
  { state: 'fixLoop', loop: ' └─── ', back: '┘' },
  { state: 'handoffReady', loop: '      ', back: '' },
  { state: 'readyForManualReview', loop: '      ', back: '' },
] as const;

/** From a state's name to the loop's line on the right, and from the left to what is said beside. */
const LOOP_COLUMNS = 16;
const NOTE_COLUMN = 31;

type Stop = (typeof WAY)[number]['state'];

const STATE_OF_PURPOSE: Readonly<Record<string, Stop>> = {
  setup: 'implementing',
  implementation: 'implementing',
  verification: 'verification',
  review: 'internalReview',
  fix: 'fixLoop',
};

/** The picture of the run's path, from top to bottom. */
export function runPicture(view: RunView): readonly PictureLine[] {
  const here = WAY.find(({ state }) => state === view.state)?.state ?? placeOfEnding(view);
  const at = here ?? stoppedAt(view);
  const standsAs = here === null || isKnownIdle(view.liveness) ? 'stopped' : 'here';
  const lines = WAY.map(({ state, loop, back }): PictureLine => {
    const mark = state === at ? standsAs : hasPassed(view, state, at) ? 'passed' : 'ahead';
    const note = noteOf(view, state, at);
    const drawn = `${loop}${SIGNS[mark]} ${back === '' ? state : sideways(state, back)}`;
    return { mark, text: fitted(note === '' ? drawn : `${drawn.padEnd(NOTE_COLUMN)}${note}`) };
  });
  if (here !== null) return lines;
  const reason = view.blockers[0]?.code ?? '';
  return [...lines, { mark: 'stopped', text: fitted(`      ${SIGNS.stopped} ${view.state} ${reason}`.trimEnd()) }];
}

/** The place of the task that is being ended; null where none is. */
function placeOfEnding({ pending, task }: RunView): Stop | null {
  return pending === null || task === null ? null : (STATE_OF_PURPOSE[task.purpose] ?? null);
}

/** The name of a state with its line of the loop on the right: out of it, or, of the fix loop, into it. */
function sideways(state: Stop, end: string): string {
  const begun = `${state} ${state === 'fixLoop' ? '◀' : ''}`;
  return `${begun.padEnd(LOOP_COLUMNS, '─')}${end}`;
}

/** Where a run that is in none of these states stopped, as far as its view says; null where that is not known. */
function stoppedAt({ state, task, gates, baseCommit, lease }: RunView): Stop | null {
  if (state === 'quarantined' || state === UNKNOWN_STATE) return null;
  if (state === 'blockedPlanInsufficient') return 'packetReceived';
  if (state === 'blockedLockConflict') return 'waitingForLock';
  if (gates.verification?.status === 'PASS' && gates.review?.status === 'PASS') return 'handoffReady';
  if (task !== null) return STATE_OF_PURPOSE[task.purpose] ?? 'implementing';
  return baseCommit !== null || lease !== null ? 'implementing' : 'queued';
}

/** True when the run has been in that state and left it. */
function hasPassed(view: RunView, state: Stop, at: Stop | null): boolean {
  if (tasksIn(view, state).length > 0) return true;
  // Without a task of its own: everything before the place on the straight way, where a fix is not.
  const order = WAY.map((each) => each.state).filter((each) => each !== 'fixLoop');
  const place = at === 'fixLoop' ? 'verification' : at;
  if (place === null) return false;
  return state !== 'fixLoop' && order.indexOf(state) < order.indexOf(place);
}

function noteOf(view: RunView, state: Stop, at: Stop | null): string {
  if (state === 'fixLoop' && tasksIn(view, state).length === 0 && state !== at) return 'where a gate fails';
  const tasks = tasksIn(view, state);
  const attempts = tasks.length < 2 ? '' : `${tasks.length} tasks`;
  const ending = view.pending === null ? null : view.state;
  const inside = state === at ? (worldAt(view) ?? ending ?? view.substate ?? '') : '';
  const epoch = state === 'verification' && view.epoch > 0 ? `round ${view.epoch}` : '';
  const gate =
    state === 'verification' ? view.gates.verification : state === 'internalReview' ? view.gates.review : null;
  return [inside, epoch, gate?.status ?? '', attempts].filter((part) => part !== '').join(', ');
}

/** What is true of its place, where its state claims more than is known. */
function worldAt({ liveness, task }: RunView): string | null {
  if (contraryStanding(liveness) === null) return null;
  const isOpen = task !== null && task.endedAtMs === null;
  return isOpen ? (taskStanding(liveness, task) ?? 'not driven') : 'not driven';
}

function tasksIn({ tasks }: RunView, state: Stop): readonly TaskView[] {
  return tasks.filter(({ purpose }) => STATE_OF_PURPOSE[purpose] === state);
}

function fitted(text: string): string {
  const line = text.trimEnd();
  return line.length <= PICTURE_COLUMNS ? line : `${line.slice(0, PICTURE_COLUMNS - 1)}…`;
}

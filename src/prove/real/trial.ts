/**
 * One kill for real: a site is brought to a moment, processes of it are killed there, Pawl is started again, and everything is compared.
 *
 * Owns: reaching a moment, killing, starting again, the result. Does not own: which moments there are (points), what must hold (verdict, compare).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../base/error-text.ts';
import type { KillResult, Victim } from '../proof.ts';
import { type Comparison, endsAlikeAfterTrouble, isTheSame } from './compare.ts';
import {
  cutPower,
  hasCome,
  hostOf,
  lockGenerations,
  processState,
  registerOf,
  send,
  until,
  workerOf,
} from './moments.ts';
import type { Plan } from './plan.ts';
import type { Point, Reach } from './points.ts';
import { type CrashSite, createCrashSite, type SiteOptions } from './site.ts';
import { type Ended, RUN, runPawl, type Started, startPawl } from './start.ts';
import { holdVerification, isHeld, releaseWorker, SHORT_DEADLINE_MS } from './stories.ts';
import { endOf, faultsOf, historyAt, recordedAt, type SiteEnd, viewIn, witnessedAt } from './verdict.ts';

/** A run that was refused because another one drives. */
const LOCKED_EXIT = 6;

/** What one trial is. */
export interface Trial {
  readonly point: Point;
  readonly victim: Victim;
  /** The counted operation at which the start that recovers is killed as well, null when it is left alone. */
  readonly again: number | null;
  readonly site: SiteOptions;
  readonly undisturbed: SiteEnd;
  /** Looks at the site before it is removed: faults of its own. */
  look(site: CrashSite): readonly string[];
}

/** A moment that has come. */
interface Reached {
  readonly hit: string;
  /** The process that was stopped there, null when nobody was. */
  readonly stopped: number | null;
}

/** The name of a trial, unique within its cell. */
export function nameOf({ point, victim, again }: Pick<Trial, 'point' | 'victim' | 'again'>): string {
  const story = point.stage === 'fixLoop' ? ` (${point.story})` : '';
  return `${point.name}${story}: ${victim}${again === null ? '' : `, then the next runner at operation ${again}`}`;
}

/** Does the trial at a site of its own. A thrown error is a fault of the trial, told as one. */
export async function doTrial(trial: Trial): Promise<KillResult> {
  const site = createCrashSite(trial.site);
  const course: Course = { hit: null, end: null, recoveryMs: null, history: '', faults: [] };
  try {
    await new Killing(trial, site, course).run();
  } catch (error) {
    course.faults.push(messageOf(error));
  }
  try {
    course.faults.push(...trial.look(site));
    return {
      name: nameOf(trial),
      victim: trial.victim,
      moment: trial.point.name,
      hit: course.hit,
      end: course.end,
      starts: {
        recorded: recordedAt(site).length,
        witnessed: Object.values(witnessedAt(site)).reduce((a, b) => a + b, 0),
      },
      eventsChecked: course.history.split('\n').length - 1,
      recoveryMs: course.recoveryMs,
      faults: course.faults,
    };
  } finally {
    site.close();
  }
}

/** What has come of a trial so far. */
interface Course {
  hit: string | null;
  end: string | null;
  recoveryMs: number | null;
  history: string;
  readonly faults: string[];
}

/** One trial under way. */
class Killing {
  readonly #trial: Trial;
  readonly #site: CrashSite;
  readonly #course: Course;

  constructor(trial: Trial, site: CrashSite, course: Course) {
    this.#trial = trial;
    this.#site = site;
    this.#course = course;
  }

  async run(): Promise<void> {
    const { point, victim } = this.#trial;
    if (isHeld(point)) holdVerification(this.#site, point);
    const log = join(this.#site.root, 'reached');
    const plan = planOf(point.reach, point.task, log, join(this.#site.root, 'once'));
    const started = startPawl(this.#site, RUN, plan === null ? {} : { plan });
    const reached = await this.#reach(started, log);
    this.#course.hit = reached.hit;
    this.#course.history = historyAt(this.#site);
    if (point.twist === 'secondRunner') await this.#refuseAnother();
    const isLate = point.twist === 'lateHost' && reached.stopped !== null;
    await this.#kill(started, reached);
    if (reached.stopped !== null && !isLate) send(reached.stopped, 'SIGCONT');
    if (point.twist !== 'deadline') releaseWorker(this.#site, point);
    const runnerLives = victim === 'host' || victim === 'worker';
    const first = await started.ended;
    const last = runnerLives ? first : await this.#startAgain(isLate ? reached.stopped : null);
    await this.#judge(last);
  }

  /** The moment has come; nobody moves on from it. */
  async #reach(started: Started, log: string): Promise<Reached> {
    const { point } = this.#trial;
    let ended: Ended | null = null;
    // Whoever waits for its end is told of its failure.
    const noteEnd = (end: Ended | null): void => {
      ended = end;
    };
    void started.ended.then(noteEnd, () => noteEnd(null));
    if (point.reach.by === 'output') {
      await until(() => ended !== null || hasCome(this.#site, point.task, 'output.ndjson'), 'output of the worker');
      return { hit: 'output.ndjson', stopped: null };
    }
    const asked = this.#answerLate();
    const line = (): string | undefined => (existsSync(log) ? readFileSync(log, 'utf8') : '').split('\n').find(isStop);
    await until(() => ended !== null || line() !== undefined, `the moment: ${point.name}`);
    await asked;
    const found = line();
    if (found === undefined)
      throw new Error(`the moment never came: ${point.name}; ${JSON.stringify(ended).slice(0, 2_000)}`);
    const pid = Number(found.split(' ')[1]);
    await until(() => [null, 'T'].includes(processState(pid)), 'a stopped process');
    return { hit: found, stopped: pid };
  }

  /** Where the answer is to be late, the worker is released once its deadline is over. */
  async #answerLate(): Promise<void> {
    const { point } = this.#trial;
    if (point.twist !== 'lateAnswer') return;
    await until(() => hasCome(this.#site, point.task, 'agent.json'), 'the record of the worker');
    const { startedAtMs } = registerOf<{ startedAtMs: number }>(this.#site, point.task, 'agent.json');
    await until(() => Date.now() > startedAtMs + SHORT_DEADLINE_MS + 200, 'the deadline');
    releaseWorker(this.#site, point);
  }

  async #kill(started: Started, { stopped }: Reached): Promise<void> {
    const { point, victim } = this.#trial;
    const host = (): number =>
      hasCome(this.#site, point.task, 'claim') ? hostOf(this.#site, point.task).pid : (stopped ?? 0);
    switch (victim) {
      case 'runner':
        started.kill('SIGKILL');
        return;
      case 'host':
        send(host(), 'SIGKILL');
        return;
      case 'worker':
        send(workerOf(this.#site, point.task).pid, 'SIGKILL');
        return;
      case 'runnerAndHost':
        started.kill('SIGKILL');
        send(host(), 'SIGKILL');
        return;
      case 'all':
        await cutPower(this.#site);
    }
  }

  async #refuseAnother(): Promise<void> {
    const second = await runPawl(this.#site, RUN);
    if (second.code !== LOCKED_EXIT) this.#course.faults.push(`a second runner was not refused: exit ${second.code}`);
    if (historyAt(this.#site) !== this.#course.history)
      this.#course.faults.push('the refused runner has changed the journal');
  }

  /** The start that recovers, left alone in the end; `late` is a host that continues once another one has claimed. */
  async #startAgain(late: number | null): Promise<Ended> {
    const { point, again } = this.#trial;
    if (again !== null) {
      await runPawl(this.#site, RUN, { plan: { role: 'runner', at: again, when: 'before' } });
      this.#keepsHistory();
    }
    if (point.twist === 'race') return await this.#race();
    const log = join(this.#site.root, 'resumed');
    const sinceMs = Date.now();
    const started = startPawl(this.#site, RUN, { plan: { role: 'runner', at: 0, when: 'resume', log } });
    if (late !== null) {
      await until(() => hasCome(this.#site, point.task, 'claim'), 'the claim of another host');
      send(late, 'SIGCONT');
    }
    const ended = await started.ended;
    const resumed = /^resumed (\d+)/m.exec(existsSync(log) ? readFileSync(log, 'utf8') : '');
    this.#course.recoveryMs = resumed === null ? null : Number(resumed[1]) - sinceMs;
    return ended;
  }

  /** Two starts at once: one of them drives, the other is refused or finds everything done. */
  async #race(): Promise<Ended> {
    const ends = await Promise.all([runPawl(this.#site, RUN), runPawl(this.#site, RUN)]);
    const codes = ends.map(({ code }) => code).sort();
    if (!['0,0', '0,6'].includes(codes.join()))
      this.#course.faults.push(`two starts at once ended with ${codes.join()}`);
    const good = ends.find(({ code }) => code === 0) ?? ends[0];
    if (good === undefined) throw new Error('no start ended');
    return good;
  }

  #keepsHistory(): void {
    if (!historyAt(this.#site).startsWith(this.#course.history))
      this.#course.faults.push('lost: the second kill lost events');
  }

  async #judge(last: Ended): Promise<void> {
    const { undisturbed } = this.#trial;
    this.#course.faults.push(...(await faultsOf(this.#site, last, [this.#course.history])));
    const unrecorded = Object.keys(witnessedAt(this.#site)).filter((task) => !recordedAt(this.#site).includes(task));
    this.#course.faults.push(...unrecorded.map((task) => `unrecorded: a worker ran for ${task} without a record`));
    if (lockGenerations(this.#site).length === 0) this.#course.faults.push('no lock was ever taken');
    if (last.code !== 0) return;
    const view = viewIn(last);
    this.#course.end = view.state;
    this.#course.faults.push(...comparisonFor(this.#trial)(endOf(this.#site, view), undisturbed));
  }
}

/** Of a runner that dies alone nothing may be seen in the end. */
function comparisonFor({ point, victim }: Trial): Comparison {
  const isUnseen =
    victim === 'runner' && ['none', 'secondRunner', 'race', 'lateHost', 'longWait'].includes(point.twist);
  return isUnseen ? isTheSame : endsAlikeAfterTrouble;
}

function planOf(reach: Reach, task: string, log: string, once: string): Plan | null {
  if (reach.by === 'output') return null;
  const { by, when, at } = reach;
  return { role: by, when, at, action: 'stop', log, once, ...(by === 'host' ? { task } : {}) };
}

function isStop(line: string): boolean {
  return line.startsWith('stopped ');
}

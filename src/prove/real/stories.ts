/**
 * What the workers of a trial do: a story, with the first attempt of one task held back where the trial wants it.
 *
 * Owns: scripts and markers for a point, limits. Does not own: the site they are written to (site), the points.
 */
import { join } from 'node:path';
import type { Point, Story } from './points.ts';
import {
  type CrashSite,
  FAILS_ONCE,
  PASSES_AT_ONCE,
  REVIEW_FAILS_ONCE,
  type SiteOptions,
  type SiteScript,
} from './site.ts';

const SCRIPTS: Readonly<Record<Story, SiteScript>> = {
  passes: PASSES_AT_ONCE,
  verificationFails: FAILS_ONCE,
  reviewFails: REVIEW_FAILS_ONCE,
};

/** The deadline of the worker that is to outlive it, ms. Long enough for one that is not, on a busy machine. */
export const SHORT_DEADLINE_MS = 3_000;
/** How long a worker may go on once it is asked to end, where it is to answer then. */
const LATE_GRACE_MS = 4_000;

/** What every site of a proof has: the user's roles and limits. */
export interface Household {
  readonly limits: Readonly<Record<string, unknown>>;
  readonly agents: readonly string[];
  readonly roles: Readonly<Record<string, string>>;
}

/** Does the worker wait to be let go? */
export function isHeld({ reach, twist }: Point): boolean {
  return reach.by === 'output' || twist === 'deadline' || twist === 'lateAnswer' || twist === 'longWait';
}

/** The site of a story that nobody disturbs. */
export function siteOptionsOf(story: Story, household: Household): SiteOptions {
  return { ...household, script: SCRIPTS[story] };
}

/** The site of a trial. */
export function trialOptionsOf(point: Point, household: Household): SiteOptions {
  const options = siteOptionsOf(point.story, household);
  const purpose = point.task.slice(0, point.task.indexOf('-'));
  if (point.twist !== 'deadline' && point.twist !== 'lateAnswer')
    return isHeld(point) ? { ...options, script: heldScript(point, purpose) } : options;
  const grace = point.twist === 'lateAnswer' ? { graceMs: LATE_GRACE_MS } : {};
  const limits = { ...household.limits, ...grace, deadlineMs: { [purpose]: SHORT_DEADLINE_MS } };
  return { ...options, limits, script: heldScript(point, purpose) };
}

/** Its first attempt says something and waits; the steps after that are the story's. */
function heldScript({ story, task, twist }: Point, purpose: string): SiteScript {
  const script = SCRIPTS[story];
  const [, epoch, attempt] = /-(e\d+)-(a\d+)$/.exec(task) ?? [];
  const whole = script[`${purpose}.${epoch}`] ?? script[purpose] ?? [];
  const deaf = twist === 'lateAnswer' ? [{ do: 'ignoreSigterm' }] : [];
  const held = [
    ...deaf,
    { do: 'print', text: 'working' },
    { do: 'waitFor', path: `../../../../home/go-${task}` },
    ...whole,
  ];
  return { ...script, [`${purpose}.${epoch}.${attempt}`]: held };
}

/** Writes what the verification command of a held task looks for. */
export function holdVerification(site: CrashSite, { task, twist }: Point): void {
  site.repo.write(join(site.root, 'home', `hold-${task}`), '');
  if (twist === 'lateAnswer') site.repo.write(join(site.root, 'home', `deaf-${task}`), '');
}

/** The held worker goes on. */
export function letGo(site: CrashSite, { task }: Point): void {
  site.repo.write(join(site.root, 'home', `go-${task}`), '');
}

/**
 * What the workers of a trial do: a story, with the first attempt of one task held back where the trial wants it.
 *
 * Owns: scripts and markers for a point, limits. Does not own: the site they are written to (site), the points.
 */
import { join } from 'node:path';
import type { Config } from '../../model/config.ts';
import { ROLES } from '../../model/packet.ts';
import { resolveLimits } from '../../run/limits.ts';
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
/** How long a worker may continue once it is asked to end, where it is to answer then. */
const LATE_GRACE_MS = 4_000;

/** The user's roles and limits, which every site of a proof has. */
export interface RolesAndLimits {
  readonly limits: Readonly<Record<string, unknown>>;
  readonly agents: readonly string[];
  readonly roles: Readonly<Record<string, string>>;
}

/** Does the worker wait to be released? */
export function isHeld({ reach, twist }: Point): boolean {
  return reach.by === 'output' || twist === 'deadline' || twist === 'lateAnswer' || twist === 'longWait';
}

/** The site of a story that nobody disturbs. */
export function siteOptionsOf(story: Story, rolesAndLimits: RolesAndLimits): SiteOptions {
  return { ...rolesAndLimits, script: SCRIPTS[story] };
}

/** The site of a trial. */
export function trialOptionsOf(point: Point, rolesAndLimits: RolesAndLimits): SiteOptions {
  const options = siteOptionsOf(point.story, rolesAndLimits);
  const purpose = point.task.slice(0, point.task.indexOf('-'));
  if (point.twist !== 'deadline' && point.twist !== 'lateAnswer')
    return isHeld(point) ? { ...options, script: heldScript(point, purpose) } : options;
  const grace = point.twist === 'lateAnswer' ? { graceMs: LATE_GRACE_MS } : {};
  const limits = { ...rolesAndLimits.limits, ...grace, deadlineMs: { [purpose]: SHORT_DEADLINE_MS } };
  return { ...options, limits, script: heldScript(point, purpose) };
}

/** Its first attempt says something and waits; the steps after that are the story's. */
function heldScript({ story, task, twist }: Point, purpose: string): SiteScript {
  const script = SCRIPTS[story];
  const [, epoch, attempt] = /-(e\d+)-(a\d+)$/.exec(task) ?? [];
  const whole = script[`${purpose}.${epoch}`] ?? script[purpose] ?? [];
  const deaf = twist === 'lateAnswer' ? [{ do: 'ignoreSigterm' }] : [];
  const held = [...deaf, { do: 'print', text: 'working' }, { do: 'waitFor', path: `../../../../go-${task}` }, ...whole];
  return { ...script, [`${purpose}.${epoch}.${attempt}`]: held };
}

/** Writes what the verification command of a held task looks for. */
export function holdVerification(site: CrashSite, { task, twist }: Point): void {
  site.repo.write(join(site.root, `hold-${task}`), '');
  if (twist === 'lateAnswer') site.repo.write(join(site.root, `deaf-${task}`), '');
}

/** Lets the held worker continue. */
export function releaseWorker(site: CrashSite, { task }: Point): void {
  site.repo.write(join(site.root, `go-${task}`), '');
}

/** Limits below which a proof could not do its kills: an attempt or two more, and time for a busy machine. */
const AT_LEAST = {
  attemptsMax: 2,
  fixAttemptsMax: 1,
  lostRetriesMax: 1,
  interruptionsMax: 4,
  hostStartsMax: 4,
  stallMs: 60_000,
  outputBytesMax: 1_048_576,
} as const;
const DEADLINE_MS_MIN = 60_000;
const AGENT = 'scripted';

/** The rolesAndLimits of a config: its roles, and its limits raised to what a proof needs. */
export function rolesAndLimitsOf({ agents, roles, limits }: Config): RolesAndLimits {
  const named = Object.entries(roles).flatMap(([role, name]) => (name === undefined ? [] : [[role, name] as const]));
  const names = [...new Set([...Object.keys(agents), ...named.map(([, name]) => name)])];
  const { parallelRunsMax: _, ...own } = limits;
  const resolved = resolveLimits(own, {});
  const raised = Object.fromEntries(
    Object.entries(AT_LEAST).map(([name, least]) => [name, Math.max(least, resolved[name as keyof typeof AT_LEAST])]),
  );
  const deadlineMs = Object.fromEntries(
    Object.entries(resolved.deadlineMs).map(([purpose, ms]) => [purpose, Math.max(DEADLINE_MS_MIN, ms)]),
  );
  return {
    limits: { graceMs: resolved.graceMs, leaseTtlMs: resolved.leaseTtlMs, ...raised, deadlineMs },
    agents: names.length === 0 ? [AGENT] : names,
    roles: rolesFor(names, Object.fromEntries(named)),
  };
}

/** With several agents every role that the config leaves open is the first one's. */
function rolesFor(names: readonly string[], named: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [first] = names;
  if (first === undefined || names.length === 1) return named;
  return { ...Object.fromEntries(ROLES.map((role) => [role, first])), ...named };
}

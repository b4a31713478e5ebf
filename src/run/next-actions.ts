/**
 * What can be done next, as actions with complete commands: the one catalogue of everything that Pawl suggests to run.
 *
 * Owns: which actions fit a run's present state and surroundings, and those that belong to errors. Does not own: hints in words
 * (blockers/catalogue), quoting (base/shell-words), finding out who drives (engine/liveness).
 *
 * Invariants: 1. A command is complete: it can be pasted, and does what its label says, or is refused and changes nothing. 2. One command
 * per alternative. 3. Nothing that a packet, a branch or a path contains is executed. 4. A command that needs a reason has an empty one to fill in, with
 * which Pawl refuses it: pasting alone makes no decision. 5. Nothing is suggested if there is nothing to do.
 */
import { shellCommand } from '../base/shell-words.ts';
import { visible } from '../base/visible.ts';
import { isPacketToBlame, retryLabel } from '../blockers/blocker-remedies.ts';
import type { Action, ActionKind } from '../model/action.ts';
import { AGENT_NAME } from '../model/agent-name.ts';
import type { ErrorCode } from '../model/error-codes.ts';

/** Who drives the registry, as far as can be told from here. */
export type DriverFacts =
  | { readonly kind: 'none' }
  | {
      /** `unknown`: neither seen alive nor proven dead. */
      readonly kind: 'alive' | 'unknown';
      /** Null where the lock cannot be read. */
      readonly pid: number | null;
      readonly hostname: string;
      readonly sinceMs: number | null;
    };

/** The facts of a run on which its actions depend. */
export interface RunFacts {
  readonly runId: string;
  readonly state: string;
  readonly kind: 'active' | 'blocked' | 'terminal' | 'quarantined';
  readonly blockers: readonly { readonly code: ErrorCode; readonly evidence?: readonly string[] }[];
  /** The gate that a person may accept now. */
  readonly blockedGate: string | null;
  readonly waitUntilMs: number | null;
  /** A decision that waits for the end of its task. */
  readonly pending: 'retry' | 'abandon' | 'cancel' | null;
  readonly contention: { readonly holder: string } | null;
  /** Its work touches what the run may not lease; `holder` null: a person may accept that. */
  readonly surfaceConflict: { readonly holder: string | null } | null;
  readonly baseCommit: string | null;
  readonly headCommit: string | null;
  /** When its folder was removed; absent while it exists. */
  readonly removedAtMs?: number;
  /** The rules of a run that this version cannot continue; absent for any other. */
  readonly earlierRules?: number;
}

/** What actions depend on besides the run itself. */
export interface Surroundings {
  readonly driver: DriverFacts;
  /** The run that holds what this one waits for, as it is now; null where that is not known. */
  readonly holder: RunFacts | null;
  /** The options by which a command addresses this registry and config; none where it finds them by itself. */
  readonly options: readonly string[];
  /** Options of this `pawl run` that the one that begins the run needs too; absent where there are none. */
  readonly beginOptions?: readonly string[];
  readonly nowMs: number;
}

/** Unknown surroundings: as if nothing drove. */
export const ALONE: Surroundings = { driver: { kind: 'none' }, holder: null, options: [], nowMs: 0 };

/** What can be done about the run, the first thing first; none if there is nothing to do. */
export function runActions(run: RunFacts, around: Surroundings): readonly Action[] {
  const { runId } = run;
  if (run.removedAtMs !== undefined)
    return [advice('intakeAgain', 'it has ended and its folder was removed; --again creates a new run of its packet')];
  if (run.earlierRules !== undefined && run.kind !== 'terminal') return earlierActions(run, around);
  if (run.pending !== null) return [pendingAction(run, run.pending, around)];
  switch (run.state) {
    case 'readyForManualReview':
      return reviewActions(run);
    case 'blockedPlanInsufficient':
      return [advice('completePacket', 'complete the packet and submit it again: an edited packet is a new run')];
    case 'failedExecution':
      return [
        pawl('inspect', 'read what happened', ['events', runId], around.options),
        ...(run.earlierRules === undefined
          ? [decision('retry', 'try again where it stopped, on the same branch and worktree', runId, around)]
          : []),
        advice('intakeAgain', 'change the packet or the agent, then submit the packet with --again'),
      ];
    case 'cancelled':
      return [];
    case 'quarantined':
      return run.kind === 'terminal' ? [] : quarantineActions(run, around);
    case 'blockedNeedsHuman':
      return run.surfaceConflict === null ? decisions(run, around) : conflictActions(run, run.surfaceConflict, around);
    case 'blockedLockConflict':
      return [...surfaceActions(run, around), abandon(run, around)];
    default:
      return movingActions(run, around);
  }
}

/** The first of these actions; an action of kind `none` if there are none. */
export function firstOf(actions: readonly Action[]): Action {
  return actions[0] ?? advice('none', 'nothing to do');
}

/** Who drives, in a few words: `driven by pid 123 since 22:10`. */
export function drivenBy(driver: DriverFacts, nowMs: number): string {
  if (driver.kind === 'none') return 'not driven';
  const who = driver.pid === null ? 'an unknown process' : `pid ${driver.pid}`;
  const since = driver.sinceMs === null ? '' : ` since ${clockTime(driver.sinceMs, nowMs)}`;
  if (driver.kind === 'alive') return `driven by ${who}${since}`;
  return `held by ${who}${driver.hostname === '' ? '' : ` on ${visible(driver.hostname)}`}${since}; cannot tell from here whether it is still running`;
}

/** The local time of day, with its date where that is not today's. */
export function clockTime(atMs: number, nowMs: number): string {
  const at = new Date(atMs);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  const isToday = at.toDateString() === new Date(nowMs).toDateString();
  return isToday ? time : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}

function two(part: number): string {
  return String(part).padStart(2, '0');
}

function reviewActions({ baseCommit, headCommit }: RunFacts): readonly Action[] {
  if (baseCommit === null || headCommit === null) return [];
  // The judged commit, not the branch: that can move, and its name comes from the packet.
  const range = `${baseCommit.slice(0, 12)}..${headCommit.slice(0, 12)}`;
  return [command('review', 'review the commits that both gates judged', ['git', 'log', '--patch', range])];
}

/** A run that only the version of Pawl that began it can continue. */
function earlierActions({ runId }: RunFacts, { options }: Surroundings): readonly Action[] {
  return [
    advice('otherVersion', 'finish or abandon it with the version of Pawl that began it'),
    pawl('inspect', 'read what happened', ['events', runId], options),
  ];
}

function quarantineActions(run: RunFacts, around: Surroundings): readonly Action[] {
  return [
    pawl('inspect', 'see which files contradict each other; changes nothing', ['recover', '--dry-run'], around.options),
    abandon(run, around),
  ];
}

function decisions(run: RunFacts, around: Surroundings): readonly Action[] {
  return [
    ...branchesInWay(run),
    decision('retry', retryLabel(run.blockers), run.runId, around),
    ...(run.blockedGate === null
      ? []
      : [decision('accept', `continue although the ${run.blockedGate} did not pass`, run.runId, around)]),
    ...packetAdvice(run),
    abandon(run, around),
  ];
}

/** Branches that are in the way of the run's own: they are renamed, so that nothing of them is lost. */
function branchesInWay({ blockers }: RunFacts): readonly Action[] {
  const names = blockers.flatMap(({ code, evidence = [] }) =>
    code === 'PAWL_WORKSPACE_BRANCH_IN_WAY' ? evidence : [],
  );
  return names.map((name) =>
    command('moveBranch', 'rename this branch, which is in the way', [
      'git',
      'branch',
      '-m',
      '--',
      name,
      `moved/${name}`,
    ]),
  );
}

function packetAdvice({ blockers }: RunFacts): readonly Action[] {
  if (!isPacketToBlame(blockers)) return [];
  return [
    advice('replacePacket', 'or correct its packet and submit it with --replace: the same run continues with it'),
  ];
}

/** A decision that is made but not carried out yet: no other is accepted before that. */
function pendingAction({ runId }: RunFacts, pending: string, { driver, options, nowMs }: Surroundings): Action {
  if (driver.kind === 'none') return pawl('run', `carry out the decided ${pending}`, ['run', runId], options);
  return advice('driven', `${pending} is decided and waits for the end of its task; ${drivenBy(driver, nowMs)}`);
}

function abandon({ runId }: RunFacts, around: Surroundings): Action {
  return decision('abandon', `abandon ${runId} and release what it holds`, runId, around);
}

function decision(kind: 'retry' | 'accept' | 'abandon', label: string, runId: string, around: Surroundings): Action {
  return reasoned(kind, label, ['resolve', runId, kind], around.options);
}

/** A run whose work touches what it may not lease: a person decides on it, or deals with the holder first. */
function conflictActions(
  run: RunFacts,
  conflict: NonNullable<RunFacts['surfaceConflict']>,
  around: Surroundings,
): readonly Action[] {
  const { runId } = run;
  if (conflict.holder === null) {
    return [
      decision('accept', 'lease these paths too, and continue with this work', runId, around),
      decision('retry', 'have the work done again; this one is kept under a rescue ref', runId, around),
      abandon(run, around),
    ];
  }
  if (around.holder !== null && around.holder.kind !== 'terminal')
    return [...holderActions(conflict.holder, around.holder, [], around), abandon(run, around)];
  const label = `compare the surface again, once ${conflict.holder} has ended, and continue with the same work`;
  return [decision('retry', label, runId, around), abandon(run, around)];
}

/** A run that waits for surfaces: what frees them. */
function surfaceActions(run: RunFacts, around: Surroundings): readonly Action[] {
  const { holder, options } = around;
  if (run.contention === null) return driveActions(run, around);
  const name = run.contention.holder;
  if (holder === null) return [pawl('waitForSurface', `look at ${name}, which holds it`, ['status', name], options)];
  if (holder.kind === 'terminal') return driveActions(run, around);
  return holderActions(name, holder, [run.runId], around);
}

/** What makes a run that has not ended release what it holds; `after`: runs that then resume by themselves. */
function holderActions(
  name: string,
  holder: RunFacts,
  after: readonly string[],
  around: Surroundings,
): readonly Action[] {
  const { driver, options } = around;
  if (holder.kind === 'active') {
    if (driver.kind === 'none') {
      const label = `drive ${name}, which holds it${after.length === 0 ? '' : ', and this run after it'}`;
      return [pawl('waitForSurface', label, ['run', name, ...after], options)];
    }
    return [advice('waitForSurface', `wait for ${name}, ${drivenBy(driver, around.nowMs)}`)];
  }
  return runActions(holder, { ...around, holder: null }).map((action) => ({
    ...action,
    label: `${name} holds it: ${action.label}`,
  }));
}

/** A run that can move. */
function movingActions(run: RunFacts, around: Surroundings): readonly Action[] {
  const { runId } = run;
  if (run.state === 'queued' && run.kind === 'blocked') return admissionActions(run, around);
  if (run.waitUntilMs !== null) {
    const isOver = run.waitUntilMs <= around.nowMs;
    const until = isOver ? 'once its agent answers another run' : `at ${clockTime(run.waitUntilMs, around.nowMs)}`;
    const wait =
      around.driver.kind === 'none'
        ? pawl(
            'waitForAgent',
            `keep pawl run going: it resumes automatically${isOver ? '' : ` ${until}`}`,
            ['run', runId],
            around.options,
          )
        : advice('waitForAgent', `resumes automatically ${until}, ${drivenBy(around.driver, around.nowMs)}`);
    return [wait, decision('retry', 'retry now, if the limit has been lifted', runId, around)];
  }
  if (run.state === 'waitingForLock' && around.holder !== null && around.holder.kind !== 'terminal')
    return surfaceActions(run, around);
  return driveActions(run, around);
}

/** A run that something keeps from beginning: the next driver checks again. */
function admissionActions(run: RunFacts, around: Surroundings): readonly Action[] {
  const { blockers, runId } = run;
  const isAgents = blockers.some(({ code }) => code.startsWith('PAWL_AGENT_'));
  const options = [...(around.beginOptions ?? []), ...around.options];
  const again = isAgents
    ? pawl('configureAgent', 'continue once the agent is available', ['run', runId], options)
    : pawl('run', 'check again, and continue if nothing blocks it', ['run', runId], options);
  return [
    ...(around.driver.kind === 'none' ? agentActions(run, around) : []),
    ...(isAgents ? [pawl('look', 'list the available agents', ['doctor'], around.options)] : []),
    ...(around.driver.kind === 'none' ? [again] : driveActions(run, around)),
    ...packetAdvice(run),
    abandon(run, around),
  ];
}

/** The agents that could run without further setup: each by its name, in place of any other that was named. */
function agentActions({ blockers, runId }: RunFacts, { options }: Surroundings): readonly Action[] {
  const missing = blockers.find(({ code }) => code === 'PAWL_AGENT_MISSING');
  // The role comes first.
  const names = (missing?.evidence ?? []).slice(1).filter((name) => AGENT_NAME.test(name));
  return names
    .slice(0, AGENTS_OFFERED)
    .map((name) => pawl('configureAgent', `continue with the agent ${name}`, ['run', runId, '--agent', name], options));
}

const AGENTS_OFFERED = 3;

function driveActions({ runId, state }: RunFacts, around: Surroundings): readonly Action[] {
  const { driver, options, beginOptions = [], nowMs } = around;
  const begin = state === 'queued' ? beginOptions : [];
  if (driver.kind === 'none') return [pawl('run', 'run it', ['run', runId], [...begin, ...options])];
  if (driver.kind === 'alive') return [advice('driven', drivenBy(driver, nowMs))];
  return [takeOver(options, drivenBy(driver, nowMs))];
}

/** The assertion that the holder of the registry is dead. */
export function takeOver(options: readonly string[], why: string): Action {
  return reasoned('takeOver', `assert that it has ended (${why})`, ['recover', '--take-over'], options);
}

/** Removes files that are no longer needed. */
export function removeFiles(paths: readonly string[], label: string): Action {
  return command('run', label, ['rm', '--', ...paths]);
}

/** A command of Pawl. */
export function pawl(
  kind: ActionKind,
  label: string,
  words: readonly string[],
  options: readonly string[] = [],
): Action {
  return command(kind, label, ['pawl', ...words, ...options]);
}

/** A command of Pawl that takes effect only with a reason: an empty one is refused. */
export function reasoned(
  kind: ActionKind,
  label: string,
  words: readonly string[],
  options: readonly string[],
): Action {
  return pawl(kind, label, words, [...options, '--reason', '']);
}

/** Something to do that is not a command. */
export function advice(kind: ActionKind, label: string): Action {
  return { kind, label, argv: null, command: null };
}

/** A command of any program. */
export function command(kind: ActionKind, label: string, argv: readonly string[]): Action {
  return { kind, label, argv, command: shellCommand(argv) };
}

/**
 * Blockers that speak of a worker, its host, a gate or the handoff, as schemas.
 *
 * Owns: their parameters. Does not own: words and hints (blockers/task-words).
 */
import { z } from 'zod';
import { answered, count, ended, endedOnly, flag, gate, of, said, text, texts, when } from './blocker-parts.ts';
import { PURPOSES } from './limits.ts';

const none = z.strictObject({});

/** Why a verdict does not count: what became of the worktree meanwhile. */
const overruled = z.discriminatedUnion('how', [
  z.strictObject({ how: z.literal('offBranch') }),
  z.strictObject({ how: z.literal('moved'), from: text, to: text }),
  z.strictObject({ how: z.literal('otherTree'), made: text.nullable(), expected: text }),
  /** `judge`: the agent that judged; null: commands were run. */
  z.strictObject({ how: z.literal('changedFiles'), judge: text.nullable(), files: texts, isCut: flag }),
]);
const judged = z.strictObject({ gate, round: count, said: text, overruled: overruled.nullable() });

/** Blockers that speak of a worker, its host, a gate or the handoff, as schemas. */
export const TASK_BLOCKERS = [
  of('PAWL_GATE_BLOCKED', judged),
  of('PAWL_GATE_FAILED', judged),
  of('PAWL_FIX_LIMIT', z.strictObject({ gate, fixes: count })),
  of(
    'PAWL_FIX_STUCK',
    z.strictObject({
      gate,
      /**
       * `same`: two fixes in a row have changed nothing of what is found. `returned`: everything that is found now had been found before, and was
       * gone in between. `newInFix`: for two rounds, nothing but new faults in what the fixes themselves have added.
       */
      reason: z.enum(['same', 'returned', 'newInFix']),
      /** How much the gate found, round by round. */
      trend: z.array(count).max(400).readonly(),
    }),
  ),
  of('PAWL_ATTEMPTS_EXHAUSTED', z.strictObject({ purpose: z.enum(PURPOSES) })),
  of('PAWL_INTERRUPTIONS_EXHAUSTED', z.strictObject({ purpose: z.enum(PURPOSES).nullable(), times: count })),
  of(
    'PAWL_HANDOFF_REFUSED',
    z.discriminatedUnion('reason', [
      when('gates', { round: count }),
      when('moved', { branch: text, head: text.nullable(), commit: text }),
      when('otherTree', { gate, commit: text, tree: text, judged: text }),
    ]),
  ),
  of('PAWL_WORKER_BLOCKED', said),
  of('PAWL_WORKER_FAILED', said),
  of(
    'PAWL_WORKER_EXIT',
    z.strictObject({
      exitCode: z.int().nullable(),
      signal: text.nullable(),
      /** Null where none was asked for: the exit code is the answer. */
      answer: z
        .discriminatedUnion('kind', [
          z.strictObject({ kind: z.literal('missing') }),
          z.strictObject({ kind: z.literal('invalid'), problem: text }),
          z.strictObject({ kind: z.literal('valid'), status: answered, summary: text }),
        ])
        .nullable(),
    }),
  ),
  of('PAWL_WORKER_NO_COMPLETION', none),
  of('PAWL_WORKER_ANSWER_INVALID', z.strictObject({ problem: text })),
  of('PAWL_WORKER_CONTRADICTION', z.strictObject({ status: answered })),
  of('PAWL_WORKER_NO_CHANGE', none),
  of(
    'PAWL_WORKER_START_FAILED',
    z.discriminatedUnion('reason', [
      when('ended', ended),
      when('notFound', { program: text, exitCode: z.int(), said: text }),
      when('notExecutable', { program: text, exitCode: z.int(), said: text }),
    ]),
  ),
  of('PAWL_WORKER_DEADLINE', endedOnly),
  of('PAWL_WORKER_STALLED', endedOnly),
  of('PAWL_WORKER_OUTPUT_LIMIT', endedOnly),
  of('PAWL_WORKER_CANCELLED', endedOnly),
  of(
    'PAWL_WORKER_INTERRUPTED',
    z.discriminatedUnion('reason', [
      when('operator', ended),
      when('down', ended),
      /** `problem`: what is wrong with its answer; null: it left none. */
      when('unseen', { problem: text.nullable() }),
    ]),
  ),
  of('PAWL_WORKER_LOST', z.strictObject({ problem: text.nullable() })),
  of(
    'PAWL_WORKER_SURVIVORS',
    z.discriminatedUnion('reason', [
      when('pids', { pids: z.array(z.int()).max(40).readonly(), count, isLockHeld: flag.nullable() }),
      when('unreadable', {}),
      when('running', { taskId: text }),
    ]),
  ),
  of(
    'PAWL_HOST_UNKNOWN',
    z.discriminatedUnion('reason', [
      when('unended', { pid: z.int() }),
      when('unclaimed', {}),
      when('elsewhere', { pid: z.int(), hostname: text }),
    ]),
  ),
  of('PAWL_HOST_HUNG', endedOnly),
  of('PAWL_HOST_STARTS_EXHAUSTED', endedOnly),
  /** A worker has put something in the way of a file that must be written for its task. */
  of('PAWL_STORE_FAILED', z.strictObject({ action: text, path: text, systemCode: text })),
] as const;

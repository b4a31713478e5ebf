/**
 * Blockers as the world of the model gives them: one for each code that it knows.
 *
 * Owns: their facts, which no step depends on. Does not own: when they come (prove/model/world).
 */
import { type BlockerParams, blocker } from '../../model/blocker.ts';
import type { Blocker } from '../../model/error.ts';

const NOT_ENDED = { obstacle: null, answered: null } as const;
const JUDGED = { gate: 'verification', round: 1, said: 'm', overruled: null } as const;
const PATHS = { names: ['p'], count: 1 } as const;

const BLOCKERS = {
  PAWL_AGENT_MISSING: blocker('PAWL_AGENT_MISSING', { reason: 'removed', name: 'a', role: 'implementer' }, []),
  PAWL_VERIFICATION_NOT_ALLOWED: blocker(
    'PAWL_VERIFICATION_NOT_ALLOWED',
    { command: 'c', needsShell: null, others: 0, areAllForShell: false },
    [],
  ),
  PAWL_WORKSPACE_CHANGED: blocker('PAWL_WORKSPACE_CHANGED', { reason: 'afterEnd' }, []),
  PAWL_WORKSPACE_FAILED: blocker(
    'PAWL_WORKSPACE_FAILED',
    { reason: 'git', command: 'status', place: '/', failure: { kind: 'said', words: 'm' } },
    [],
  ),
  PAWL_LEASE_CONFLICT: blocker('PAWL_LEASE_CONFLICT', { reason: 'held', holder: 'r', needed: PATHS, held: PATHS }, []),
  PAWL_SURFACE_CONFLICT: blocker(
    'PAWL_SURFACE_CONFLICT',
    { commit: 'c', paths: PATHS, isStrict: true, holders: [] },
    [],
  ),
  PAWL_GATE_FAILED: blocker('PAWL_GATE_FAILED', JUDGED, []),
  PAWL_GATE_BLOCKED: blocker('PAWL_GATE_BLOCKED', JUDGED, []),
  PAWL_WORKER_FAILED: blocker('PAWL_WORKER_FAILED', { said: 'm' }, []),
  PAWL_WORKER_BLOCKED: blocker('PAWL_WORKER_BLOCKED', { said: 'm' }, []),
  PAWL_WORKER_CANCELLED: blocker('PAWL_WORKER_CANCELLED', NOT_ENDED, []),
  PAWL_WORKER_DEADLINE: blocker('PAWL_WORKER_DEADLINE', NOT_ENDED, []),
  PAWL_WORKER_INTERRUPTED: blocker('PAWL_WORKER_INTERRUPTED', { reason: 'down', ...NOT_ENDED }, []),
  PAWL_WORKER_LOST: blocker('PAWL_WORKER_LOST', { problem: null }, []),
  PAWL_AGENT_LIMITED: blocker('PAWL_AGENT_LIMITED', { reason: 'usage', resetsAtMs: null, said: 'm' }, []),
  PAWL_AGENT_UNREACHABLE: blocker('PAWL_AGENT_UNREACHABLE', { resetsAtMs: null, said: 'm', untilMs: null }, []),
  PAWL_HOST_UNKNOWN: blocker('PAWL_HOST_UNKNOWN', { reason: 'unclaimed' }, []),
} as const satisfies { readonly [Code in keyof BlockerParams]?: Blocker };

/** The codes that the world of the model knows. */
export type ModelledCode = keyof typeof BLOCKERS;

/** A blocker from the world, of that code. */
export function blockerOf(code: ModelledCode): Blocker {
  return BLOCKERS[code];
}

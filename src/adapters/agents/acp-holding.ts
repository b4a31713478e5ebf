/**
 * In which mode an ACP agent works: one in which it asks before it acts, or one that the config accepts by name.
 *
 * Owns: that choice, and its refusal. Does not own: what is known of an agent (acp-presets), setting the mode (acp-client).
 *
 * Invariants: 1. Pure and total. 2. Nothing is refused that the config accepts: `bypass`, a mode by its name, the agent's own mode.
 * 3. An agent that is known to act without asking, and cannot be put into a mode in which it asks, gets no prompt.
 */
import type { PermissionMode } from '../../ports/agent-adapter.ts';
import type { AcpPreset } from './acp-presets.ts';
import type { Setting } from './acp-settings.ts';

/** What the choice depends on. */
export interface HoldingInput {
  readonly preset: AcpPreset | null;
  readonly permission: PermissionMode;
  /** The mode that the config names; null: none. */
  readonly nativeMode: string | null;
  /** The config accepts whatever mode the agent starts in. */
  readonly acceptsOwnMode: boolean;
  /** The mode that the session has, and those that it offers. */
  readonly session: Pick<Setting, 'current' | 'offered'>;
}

/** What is set before the prompt is sent. */
export type Holding =
  /** `mode`: null: it stays in the one that it started in. */
  | { readonly kind: 'held'; readonly mode: string | null; readonly options: Readonly<Record<string, string>> }
  | { readonly kind: 'refused'; readonly reason: string };

/** Modes of agents that are not known, by the names that are usual: in these they act without asking. */
const UNATTENDED = /auto|yolo|bypass|full|accept|unrestricted|dont-?ask|never|always/i;
/** In these they ask, or only read. */
const ASKING = ['default', 'ask', 'manual', 'approve', 'normal', 'on-request', 'read-only'];

/** The mode and options of a session. */
export function holdingOf(input: HoldingInput): Holding {
  const { preset, permission, nativeMode, acceptsOwnMode, session } = input;
  if (nativeMode !== null) return held(nativeMode);
  if (permission === 'bypass' || acceptsOwnMode) return held(null);
  const wanted = preset === null ? wantedOfUnknown(session.current) : preset[permission];
  if (wanted === null) return held(null);
  const mode = wanted.find((one) => session.offered.includes(one));
  if (mode !== undefined) return { kind: 'held', mode, options: preset?.options ?? {} };
  if (preset !== null && session.offered.length === 0 && !preset.isAuto) return held(null);
  return { kind: 'refused', reason: refusal(input, wanted) };
}

function held(mode: string | null): Holding {
  return { kind: 'held', mode, options: {} };
}

/** Modes for an agent that is not known; null: it is left in its own, whose name says nothing against it. */
function wantedOfUnknown(current: string | null): readonly string[] | null {
  return current !== null && UNATTENDED.test(current) ? ASKING : null;
}

function refusal({ preset, session }: HoldingInput, wanted: readonly string[]): string {
  const { current, offered } = session;
  const own = current === null ? 'a mode of its own' : `its own mode "${current}"`;
  const others = offered.length === 0 ? 'it offers no other' : `it offers ${offered.join(', ').slice(0, 500)}`;
  return `${preset?.title ?? 'The agent'} would work in ${own}, in which it need not ask before it acts, and has none of the modes in which it asks (${wanted.join(', ')}): ${others}. The config can accept this with "acceptsOwnMode", or name a mode as "nativeMode".`;
}

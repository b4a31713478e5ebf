/**
 * What a probe of an agent shows: the shape of its report.
 *
 * Owns: the steps and their order. Does not own: doing them (probe), printing them (doctor-lines).
 */
import type { AgentKind } from '../../model/turn.ts';

/** The steps of a probe, in their order. */
export const PROBE_STEPS = ['program', 'start', 'tool', 'kill', 'sweep', 'resume', 'leftovers'] as const;
/** A step of a probe. */
export type ProbeStepName = (typeof PROBE_STEPS)[number];

/** How a step went; `skipped`: a step that it builds on has failed, or the agent cannot do it at all. */
export interface ProbeStep {
  readonly name: ProbeStepName;
  readonly status: 'ok' | 'failed' | 'skipped';
  /** What was seen, in a few words. */
  readonly detail: string;
  readonly tookMs: number;
}

/** What a probe has shown. */
export interface ProbeReport {
  /** The name that it was asked for by: a kind, or a name of the config. */
  readonly agent: string;
  readonly kind: AgentKind;
  readonly path: string;
  /** Null when the program did not tell it. */
  readonly version: string | null;
  /** True when no step has failed. */
  readonly isPassed: boolean;
  readonly steps: readonly ProbeStep[];
  /** Calls of the stand-in: until the kill, after it by what had outlived it, and by the resumed turn. */
  readonly modelCalls: { readonly first: number; readonly stray: number; readonly resumed: number };
  /** Processes that outlived the kill of the agent's own process. */
  readonly outlivedKill: number;
  /** Processes that are left at the end. */
  readonly left: number;
}

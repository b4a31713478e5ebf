/**
 * The proof of any system: every state is walked and checked, and an engine is stopped everywhere on the way.
 *
 * Owns: the order of the parts, putting the proof together. Does not own: any of the parts.
 */
import type { System } from '../../kernel/system.ts';
import type { StopKind } from '../memory/memory-machine.ts';
import { neverReached } from './charts-reached.ts';
import { type CoverBounds, coverOf } from './covering-paths.ts';
import { drawn } from './drawn.ts';
import { divergences } from './drawn-histories.ts';
import { type Failure, failuresOf, meetFailure } from './failing-files.ts';
import { type Asked, type Subject, subjectOf } from './moves.ts';
import type { Play } from './played-process.ts';
import { type OpenEngine, openRealEngine } from './proven-engine.ts';
import { stateFaults } from './state-faults.ts';
import { type StateGraph, walk } from './state-graph.ts';
import { reread, stepFaults, tryMoves } from './step-faults.ts';
import { goOn, playThrough, type Stop } from './stops.ts';
import { Findings, type ProveOptions, type Share, type SystemProof } from './system-proof.ts';

/** States that a walk finds, unless the options say otherwise. */
const STATES_MAX = 20_000;
/** Stops that are gone on from, and operations that fail, unless the options say otherwise. */
const STOPS_MAX = 20_000;

/**
 * Every state that the system can reach within the answers and commands given is checked, and the engine is stopped at every call to its ports on paths over
 * every step. What does not hold is in the proof; nothing is thrown for it.
 */
export function proveSystem<S extends System>(system: S, options: ProveOptions<S>): Promise<SystemProof> {
  // Inside, nothing is known of one system: what is asked of the options is of its own types.
  return proveWith(openRealEngine, { system, options: options as ProveOptions<System> });
}

/** The proof of the system as driven by that engine. */
export function proveWith(open: OpenEngine, asked: Asked): Promise<SystemProof> {
  const { statesMax = STATES_MAX, stopsMax = STOPS_MAX, seed = 1 } = asked.options;
  const paths = { stepsMax: Number.POSITIVE_INFINITY, movesMax: Number.POSITIVE_INFINITY };
  return proveSubject(open, subjectOf(asked), { statesMax, stopsMax, paths, seed });
}

/** How much of a subject is looked at. */
export interface Bounds {
  readonly statesMax: number;
  readonly stopsMax: number;
  readonly paths: Omit<CoverBounds, 'seed'>;
  readonly seed: number;
}

/** The proof of the subject as driven by that engine. */
export async function proveSubject(open: OpenEngine, subject: Subject, bounds: Bounds): Promise<SystemProof> {
  const beganMs = performance.now();
  const { system } = subject;
  const { statesMax, seed } = bounds;
  const findings = new Findings();
  const graph = walk(subject, statesMax);
  for (const { sentence, way } of graph.faults) findings.add(sentence, way);
  if (graph.isCut)
    findings.add(
      `there are more than ${statesMax} states: ignore what does not distinguish them, or raise statesMax`,
      [],
    );
  checkStates(subject, graph, findings);
  if (graph.faults.length === 0 && !graph.isCut)
    for (const { sentence, way } of divergences(subject, graph, seed)) findings.add(sentence, way);
  const cover = coverOf(subject, graph, { ...bounds.paths, seed });
  for (const { sentence, way } of cover.faults) findings.add(sentence, way);
  // An engine that drives what is refuted already only adds to the findings what comes of them.
  const isPlayed = findings.all.length === 0;
  const plays = (isPlayed ? cover.paths : []).map((path): Play => ({ subject, path, open }));
  const played = await playAll(plays, { seed, max: bounds.stopsMax, findings });
  const missed = graph.isCut ? { states: [], effects: [] } : neverReached(system, graph);
  return {
    kind: system.kind,
    states: graph.states,
    steps: graph.steps,
    paths: plays.length,
    stepsUnplayed: isPlayed ? cover.unplayed : graph.steps,
    ...played,
    statesNeverReached: missed.states,
    effectsNeverAsked: missed.effects,
    broken: findings.all,
    seed,
    tookMs: Math.round(performance.now() - beganMs),
  };
}

function checkStates(subject: Subject, graph: StateGraph, findings: Findings): void {
  for (const { moment, way } of graph.nodes.values()) {
    const tried = tryMoves(subject, moment);
    const read = reread(subject, moment);
    for (const each of tried)
      for (const sentence of stepFaults(subject, read, each)) findings.add(sentence, [...way, each.move.type]);
    if (moment.state === null) continue;
    for (const sentence of stateFaults(subject, moment.state, tried)) findings.add(sentence, way);
  }
}

const STOPPED: Readonly<Record<StopKind, string>> = {
  killed: 'killed',
  powerCut: 'power cut',
  powerCutInPart: 'power cut that leaves part of what was not synced',
};

/** Every path is played, stopped everywhere, and met with every failure. */
async function playAll(
  plays: readonly Play[],
  { seed, max, findings }: { readonly seed: number; readonly max: number; readonly findings: Findings },
): Promise<{ readonly stops: Share; readonly failures: Share }> {
  const stops: Stop[] = [];
  const failures: Failure[] = [];
  for (const play of plays) {
    const { names } = play.path;
    const through = await playThrough(play, seed);
    for (const fault of through.faults) findings.add(fault, names);
    if (!through.isWhole) continue;
    stops.push(...through.stops);
    failures.push(...(await failuresOf(play, through.keys, seed)));
  }
  const chosen = { stops: drawn(stops, max, seed), failures: drawn(failures, max, seed) };
  for (const [n, stop] of chosen.stops.entries()) {
    const way = [...stop.play.path.names.slice(0, stop.place), `${STOPPED[stop.kind]} before ${stop.call}`];
    for (const fault of await goOn(stop, seed + n)) findings.add(`after a stop, ${fault}`, way);
  }
  for (const [n, failure] of chosen.failures.entries()) {
    const way = [...failure.play.path.names, `operation ${failure.at}, ${failure.op}, fails with ${failure.code}`];
    for (const fault of await meetFailure(failure, seed + n)) findings.add(`after a failure, ${fault}`, way);
  }
  return {
    stops: { tried: chosen.stops.length, of: stops.length },
    failures: { tried: chosen.failures.length, of: failures.length },
  };
}

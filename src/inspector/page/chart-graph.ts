/**
 * A machine as boxes and arrows: what a statechart shows of it.
 *
 * Owns: the boxes, which transitions share an arrow, what an arrow is for. Does not own: where anything lies (chart-layout), drawing (chart).
 *
 * Invariants: 1. Every transition of the machine belongs to exactly one arrow, stay or way from everywhere. 2. Equal machines have equal hashes.
 */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

/** One state as a box. */
export interface ChartNode {
  /** The state's id in the machine, as `run.fixLoop.working`. */
  readonly id: string;
  readonly name: string;
  /** Null for a state at the top. */
  readonly parent: string | null;
  readonly children: readonly string[];
  readonly isFinal: boolean;
  readonly isStop: boolean;
}

/** `way`: forward. `stop`: to a state that ends or parks the run, or ends its task. `resume`: back to where a run stood that had stopped. */
export type EdgeRole = 'way' | 'stop' | 'resume';

/** All transitions that one arrow stands for. */
export interface ChartEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  /** Their events, each once; none where it is taken at once. */
  readonly events: readonly string[];
  readonly role: EdgeRole;
}

/** A machine as it is drawn. */
export interface Chart {
  readonly machineId: string;
  /** Of everything that a layout depends on. */
  readonly hash: string;
  readonly nodes: readonly ChartNode[];
  readonly edges: readonly ChartEdge[];
  /** Transitions that every state has, told beside the boxes. */
  readonly everywhere: readonly ChartEdge[];
}

const STOP = /^(?:blocked|failed|cancel|endingTask)/;
/** From so many states of one box to the same place: the arrow begins at the box. */
const SHARED_EXITS_MIN = 2;

/** The chart of a machine. */
export function chartOf(machine: AnyStateMachine): Chart {
  const states = statesBelow(machine.root);
  const nodes = states.map(nodeOf);
  const edges = new Map<string, { edge: ChartEdge; events: Set<string> }>();
  for (const transition of [machine.root, ...states].flatMap(transitionsOf)) {
    const id = edgeIdOf(transition);
    if (id === null) continue;
    const [source = '', target = ''] = id.split('→');
    const known = edges.get(id);
    const role = roleOf(transition);
    const events = known?.events ?? new Set<string>();
    if (transition.eventType !== '') events.add(transition.eventType);
    edges.set(id, { edge: { id, source, target, events: [], role: mainRole(known?.edge.role, role) }, events });
  }
  const all = [...edges.values()].map(({ edge, events }) => ({ ...edge, events: [...events] }));
  const everywhere = all.filter(({ source }) => source === machine.root.id);
  const drawn = all.filter(({ source }) => source !== machine.root.id);
  return withHash({ machineId: machine.root.id, nodes, edges: drawn, everywhere });
}

/** The chart with the ways forward alone, and of the others those that `wanted` names: what a run that goes well needs. */
export function mainChart(chart: Chart, wanted: ReadonlySet<string>): Chart {
  return withHash({ ...chart, edges: chart.edges.filter(({ id, role }) => role === 'way' || wanted.has(id)) });
}

function withHash(chart: Omit<Chart, 'hash'>): Chart {
  return { ...chart, hash: textHash(JSON.stringify([chart.nodes, chart.edges])) };
}

/** The arrow that a transition belongs to; null when it stays where it is. */
export function edgeIdOf(transition: AnyTransitionDefinition): string | null {
  const target = transition.target?.[0];
  if (target === undefined) return null;
  const { source } = transition;
  const [from, to] = [topOf(source), topOf(target)];
  if (from === null) return `${source.id}→${target.id}`;
  if (from === to) return `${source.id}→${target.id}`;
  const goesTo = to ?? target;
  const isShared = STOP.test(goesTo.key) || exitsTo(from, goesTo) >= SHARED_EXITS_MIN;
  return `${isShared ? from.id : source.id}→${goesTo.id}`;
}

/** The id under which a transition that stays is counted: that of its state. */
export function stayIdOf(transition: AnyTransitionDefinition): string {
  return transition.source.id;
}

/** The ids of all states that a state value stands for, outermost first. */
export function activeIds(machineId: string, value: unknown): readonly string[] {
  if (typeof value === 'string') return [`${machineId}.${value}`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    `${machineId}.${name}`,
    ...activeIds(`${machineId}.${name}`, inner),
  ]);
}

/** The arrows that could be taken from a state value, whatever their guards say. */
export function possibleEdges(chart: Chart, value: unknown): ReadonlySet<string> {
  const active = new Set(activeIds(chart.machineId, value));
  return new Set(chart.edges.filter(({ source }) => active.has(source)).map(({ id }) => id));
}

function statesBelow(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states).flatMap((child) => [child, ...statesBelow(child)]);
}

function transitionsOf(node: AnyStateNode): AnyTransitionDefinition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
}

function nodeOf(state: AnyStateNode): ChartNode {
  const parent = state.parent;
  return {
    id: state.id,
    name: state.key,
    parent: parent === undefined || parent.parent === undefined ? null : parent.id,
    children: Object.values(state.states).map(({ id }) => id),
    isFinal: state.type === 'final',
    isStop: topOf(state) === state && STOP.test(state.key),
  };
}

/** The state at the top in which a state lies; null for the root. */
function topOf(state: AnyStateNode): AnyStateNode | null {
  if (state.parent === undefined) return null;
  return state.parent.parent === undefined ? state : topOf(state.parent);
}

function exitsTo(from: AnyStateNode, to: AnyStateNode): number {
  const leaving = statesBelow(from).filter((state) =>
    transitionsOf(state).some((transition) => {
      const target = transition.target?.[0];
      return target !== undefined && (topOf(target) ?? target) === to;
    }),
  );
  return leaving.length;
}

function roleOf(transition: AnyTransitionDefinition): EdgeRole {
  const target = transition.target?.[0];
  if ([transition.source, target].some((node) => node?.tags.includes('transient'))) return 'resume';
  if (STOP.test(topOf(transition.source)?.key ?? '')) return 'resume';
  return target !== undefined && STOP.test(topOf(target)?.key ?? '') ? 'stop' : 'way';
}

/** An arrow that is also a way forward is one. */
function mainRole(known: EdgeRole | undefined, role: EdgeRole): EdgeRole {
  return known === 'way' ? known : role;
}

/** A short hash of a text (FNV-1a, 32 bits, twice): a cache's key, no proof. */
function textHash(text: string): string {
  const half = (seed: number): string => {
    let hash = seed;
    for (let n = 0; n < text.length; n += 1) hash = Math.imul(hash ^ text.charCodeAt(n), 16_777_619);
    return (hash >>> 0).toString(16).padStart(8, '0');
  };
  return half(2_166_136_261) + half(84_696_351);
}

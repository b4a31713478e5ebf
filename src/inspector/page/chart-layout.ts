/**
 * Where the boxes and arrows of a chart lie.
 *
 * Owns: the graph that the layout engine is given, reading its answer, the cache by the chart's hash.
 * Does not own: the engine (elkjs, in a worker of its own), drawing (chart).
 *
 * Invariant: 1. A chart is laid out once per session of the browser: the cache is keyed by the hash of everything that a layout depends on.
 */
import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import type { Chart, ChartEdge, ChartNode } from './chart-graph.ts';

/** A place in the chart's own units. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A box in the chart's own units. */
export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

/** An arrow's way and the place of its label. */
export interface Route {
  readonly points: readonly Point[];
  readonly label: Box | null;
}

/** Where everything lies. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: Readonly<Record<string, Box>>;
  readonly routes: Readonly<Record<string, Route>>;
}

/** What lays a graph out. */
export type LayoutEngine = (graph: ElkNode) => Promise<ElkNode>;

/** What is kept between pages of one session. */
export interface LayoutCache {
  readonly get: (key: string) => string | null;
  readonly set: (key: string, text: string) => void;
}

const CACHE_VERSION = 'layout-3';
const CHAR_WIDTH = 8.1;
const LABEL_CHAR_WIDTH = 5.9;
const LABEL_HEIGHT = 16;
const BOX_HEIGHT = 32;
const LONER_GAP = 28;

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.spacing.nodeNodeBetweenLayers': '24',
  'elk.layered.spacing.edgeNodeBetweenLayers': '12',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '10',
  'elk.spacing.nodeNode': '28',
  'elk.spacing.edgeNode': '16',
  'elk.spacing.edgeEdge': '10',
  'elk.spacing.edgeLabel': '4',
  'elk.edgeLabels.inline': 'false',
  'elk.padding': '[top=12,left=12,bottom=12,right=12]',
};

/** The words on an arrow. */
export function labelOf({ events }: ChartEdge): string {
  return events.length > 2 ? `${events.slice(0, 2).join(' / ')} +${events.length - 2}` : events.join(' / ');
}

/** The layout of a chart, from the cache where it is there. */
export async function layOut(chart: Chart, engine: LayoutEngine, cache: LayoutCache): Promise<Layout> {
  const key = `${CACHE_VERSION}:${chart.hash}`;
  const known = cache.get(key);
  if (known !== null) return JSON.parse(known) as Layout;
  const layout = withLoners(chart, layoutFrom(await engine(graphOf(chart))));
  cache.set(key, JSON.stringify(layout));
  return layout;
}

/** The graph that the engine is given. */
export function graphOf(chart: Chart): ElkNode {
  const tops = chart.nodes.filter(({ id, parent }) => parent === null && isConnected(chart, id));
  return {
    id: chart.machineId,
    layoutOptions: OPTIONS,
    children: tops.map((node) => elkNode(chart, node)),
    edges: chart.edges.map((edge) => elkEdge(edge, goesOn(chart, edge))),
  };
}

function isConnected({ edges }: Chart, id: string): boolean {
  const lies = (end: string): boolean => end === id || end.startsWith(`${id}.`);
  return edges.some(({ source, target }) => lies(source) || lies(target));
}

/** The layout with a column of those states to which no arrow leads, on the right of all others. */
function withLoners(chart: Chart, layout: Layout): Layout {
  const loners = chart.nodes.filter(({ id, parent }) => parent === null && !isConnected(chart, id));
  if (loners.length === 0) return layout;
  const width = Math.max(...loners.map(({ name }) => boxWidth(name)));
  const boxes = loners.map(({ id }, n): readonly [string, Box] => [
    id,
    { x: layout.width + LONER_GAP, y: 12 + n * (BOX_HEIGHT + 12), width, height: BOX_HEIGHT },
  ]);
  const height = Math.max(layout.height, 12 + loners.length * (BOX_HEIGHT + 12));
  return {
    ...layout,
    width: layout.width + LONER_GAP + width + 12,
    height,
    boxes: { ...layout.boxes, ...Object.fromEntries(boxes) },
  };
}

function boxWidth(name: string): number {
  return Math.max(84, name.length * CHAR_WIDTH + 28);
}

function elkNode(chart: Chart, node: ChartNode): ElkNode {
  if (node.children.length === 0) {
    return { id: node.id, width: boxWidth(node.name), height: BOX_HEIGHT };
  }
  const children = chart.nodes.filter(({ parent }) => parent === node.id);
  return {
    id: node.id,
    children: children.map((child) => elkNode(chart, child)),
    layoutOptions: {
      'elk.padding': '[top=38,left=16,bottom=16,right=16]',
      'elk.direction': 'DOWN',
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${Math.round(node.name.length * CHAR_WIDTH + 60)}, 60)`,
    },
  };
}

/**
 * States are declared in the order of a life: an arrow to a later one continues. Any other is given to the engine the other way round, so
 * that its graph has no ring and what comes first in a life stands first.
 */
function goesOn(chart: Chart, { source, target }: ChartEdge): boolean {
  const order = (id: string): number => chart.nodes.findIndex((node) => node.id === id);
  return order(source) <= order(target);
}

function elkEdge(edge: ChartEdge, isForward: boolean): ElkExtendedEdge {
  const text = labelOf(edge);
  const ends = [edge.source, edge.target];
  const [from = '', to = ''] = isForward ? ends : ends.reverse();
  return {
    id: edge.id,
    sources: [from],
    targets: [to],
    labels: [{ id: `${edge.id}:label`, text, width: text.length * LABEL_CHAR_WIDTH + 10, height: LABEL_HEIGHT }],
  };
}

/** The engine's answer, in the chart's own units: boxes are told relative to their parents, arrows to their containers. */
export function layoutFrom(graph: ElkNode): Layout {
  const boxes: Record<string, Box> = {};
  const routes: Record<string, Route> = {};
  const edges: ElkExtendedEdge[] = [];
  const visit = (node: ElkNode, at: Point): void => {
    boxes[node.id] = { ...at, width: node.width ?? 0, height: node.height ?? 0 };
    edges.push(...(node.edges ?? []));
    for (const child of node.children ?? []) visit(child, { x: at.x + (child.x ?? 0), y: at.y + (child.y ?? 0) });
  };
  visit(graph, { x: 0, y: 0 });
  for (const edge of edges) routes[edge.id] = routeOf(edge, boxes[edge.container ?? graph.id] ?? { x: 0, y: 0 });
  return { width: graph.width ?? 0, height: graph.height ?? 0, boxes, routes };
}

function routeOf(edge: ElkExtendedEdge, origin: Point): Route {
  const points = (edge.sections ?? []).flatMap(({ startPoint, bendPoints, endPoint }) => [
    startPoint,
    ...(bendPoints ?? []),
    endPoint,
  ]);
  if (!edge.id.startsWith(`${edge.sources[0]}→`)) points.reverse();
  const label = edge.labels?.[0];
  return {
    points: points.map(({ x, y }) => ({ x: x + origin.x, y: y + origin.y })),
    label:
      label === undefined
        ? null
        : {
            x: (label.x ?? 0) + origin.x,
            y: (label.y ?? 0) + origin.y,
            width: label.width ?? 0,
            height: label.height ?? 0,
          },
  };
}

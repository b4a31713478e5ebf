/**
 * The boxes and arrows of a chart as SVG.
 *
 * Owns: their shapes and classes. Does not own: colours (page.css), the frame they are seen in (chart).
 */
import type { Chart, ChartEdge, ChartNode } from './chart-graph.ts';
import { type Layout, labelOf, type Point, type Route } from './chart-layout.ts';
import type { Counts } from './history.ts';

interface PictureProps {
  readonly chart: Chart;
  readonly layout: Layout;
  readonly counts: Counts;
  readonly active: ReadonlySet<string>;
  readonly possible: ReadonlySet<string>;
  /** By arrow: the event that took it. */
  readonly taken: ReadonlyMap<string, string>;
}

const CORNER = 6;
const HEADS = ['idle', 'possible', 'past', 'last'] as const;

/** All of a chart. Arrows that matter lie above those that do not. */
export function ChartPicture({ chart, layout, counts, active, possible, taken }: PictureProps) {
  const standing = (edge: ChartEdge): (typeof HEADS)[number] => {
    if (taken.has(edge.id)) return 'last';
    if (counts.has(edge.id)) return 'past';
    return possible.has(edge.id) ? 'possible' : 'idle';
  };
  const edges = [...chart.edges].sort((a, b) => HEADS.indexOf(standing(a)) - HEADS.indexOf(standing(b)));
  return (
    <>
      <defs>
        {HEADS.map((name) => (
          <marker
            key={name}
            id={`head-${name}`}
            class={`head ${name}`}
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="8"
            markerHeight="8"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path d="M0 0.8 L7.5 4 L0 7.2 z" />
          </marker>
        ))}
      </defs>
      {chart.nodes
        .filter(({ children }) => children.length > 0)
        .map((node) => (
          <NodeBox key={node.id} {...{ node, layout, counts, active }} />
        ))}
      {edges.map((edge) => (
        <EdgeLine key={edge.id} edge={edge} route={layout.routes[edge.id]} standing={standing(edge)} />
      ))}
      {chart.nodes
        .filter(({ children }) => children.length === 0)
        .map((node) => (
          <NodeBox key={node.id} {...{ node, layout, counts, active }} />
        ))}
      {edges.map((edge) => (
        <EdgeLabel
          key={edge.id}
          edge={edge}
          route={layout.routes[edge.id]}
          standing={standing(edge)}
          count={counts.get(edge.id) ?? 0}
          event={taken.get(edge.id)}
        />
      ))}
    </>
  );
}

function NodeBox({
  node,
  layout,
  counts,
  active,
}: Pick<PictureProps, 'layout' | 'counts' | 'active'> & { readonly node: ChartNode }) {
  const box = layout.boxes[node.id];
  if (box === undefined) return null;
  const { x, y, width, height } = box;
  const isCompound = node.children.length > 0;
  const isActive = active.has(node.id);
  const stays = counts.get(node.id) ?? 0;
  const classes = [
    'node',
    isCompound ? 'compound' : 'leaf',
    isActive ? 'active' : '',
    node.isStop ? 'stop' : '',
    node.isFinal ? 'final' : '',
  ];
  return (
    <g class={classes.join(' ')} data-state={node.id} data-active={isActive}>
      <rect x={x} y={y} width={width} height={height} rx={isCompound ? 10 : 6} />
      {node.isFinal ? <rect class="inner" x={x + 3} y={y + 3} width={width - 6} height={height - 6} rx={4} /> : null}
      <text
        x={isCompound ? x + 16 : x + width / 2}
        y={isCompound ? y + 24 : y + height / 2 + 4.5}
        text-anchor={isCompound ? 'start' : 'middle'}
      >
        {node.name}
      </text>
      {stays === 0 ? null : (
        <text class="stays" x={x + width + 4} y={y + 12}>
          ↻{stays}
        </text>
      )}
    </g>
  );
}

interface EdgeProps {
  readonly edge: ChartEdge;
  readonly route: Route | undefined;
  readonly standing: string;
}

function EdgeLine({ edge, route, standing }: EdgeProps) {
  if (route === undefined || route.points.length < 2) return null;
  return (
    <path
      class={`edge ${standing} ${edge.role}`}
      d={roundedPath(route.points)}
      marker-end={`url(#head-${standing})`}
      data-edge={edge.id}
    />
  );
}

function EdgeLabel({
  edge,
  route,
  standing,
  count,
  event,
}: EdgeProps & { readonly count: number; readonly event: string | undefined }) {
  const label = route?.label;
  if (label == null) return null;
  const text = event ?? labelOf(edge);
  return (
    <g class={`edge-label ${standing} ${edge.role}`}>
      <rect x={label.x} y={label.y + 1} width={label.width + (count > 1 ? 22 : 0)} height={label.height - 2} rx={3} />
      <text x={label.x + 4} y={label.y + 12}>
        {text}
        {count > 1 ? <tspan class="times"> ×{count}</tspan> : null}
      </text>
      <title>{`${edge.events.length === 0 ? 'at once' : edge.events.join(', ')}: ${edge.source} → ${edge.target}${count === 0 ? '' : `, taken ${count} times`}`}</title>
    </g>
  );
}

/** A way of straight lines with its corners rounded. */
function roundedPath(points: readonly Point[]): string {
  const [first] = points;
  if (first === undefined) return '';
  const parts = [`M${first.x} ${first.y}`];
  for (let n = 1; n < points.length; n += 1) {
    const [before, at, next] = [points[n - 1], points[n], points[n + 1]];
    if (before === undefined || at === undefined) break;
    if (next === undefined) {
      parts.push(`L${at.x} ${at.y}`);
      break;
    }
    const into = towards(at, before);
    const out = towards(at, next);
    parts.push(`L${into.x} ${into.y} Q${at.x} ${at.y} ${out.x} ${out.y}`);
  }
  return parts.join(' ');
}

function towards(from: Point, to: Point): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  if (length === 0) return from;
  const part = Math.min(CORNER, length / 2) / length;
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

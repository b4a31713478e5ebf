/**
 * A statechart, drawn: where the actor is, the way it came, where it can go.
 *
 * Owns: the picture, zoom, pan, following the active state. Does not own: what belongs into it (chart-graph), where it lies (chart-layout).
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { activeIds, type Chart, possibleEdges } from './chart-graph.ts';
import type { Layout } from './chart-layout.ts';
import { ChartPicture } from './chart-picture.tsx';
import type { Counts, Taken } from './history.ts';
import { layoutOf } from './layout-engine.ts';
import { boxToShow, broughtInSight, fitted, panned, type View, zoomed } from './viewport.ts';
import { words } from './words.ts';

interface ChartProps {
  readonly title: string;
  readonly chart: Chart;
  /** The chart with all of its arrows: for the words below. */
  readonly whole: Chart;
  /** The state value of the actor; null while there is none. */
  readonly value: unknown;
  readonly counts: Counts;
  readonly taken: readonly Taken[];
}

const STEP_PX = 60;

/** The chart with its controls. */
export function ChartView({ title, chart, whole, value, counts, taken }: ChartProps) {
  const [layout, setLayout] = useState<Layout | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const active = useMemo(() => activeIds(chart.machineId, value), [chart.machineId, value]);
  const possible = useMemo(() => possibleEdges(chart, value), [chart, value]);
  useEffect(() => {
    let isMeant = true;
    layoutOf(chart).then(
      (made) => isMeant && setLayout(made),
      (error: unknown) => isMeant && setProblem(String(error)),
    );
    return () => {
      isMeant = false;
    };
  }, [chart]);
  const place = active.at(-1)?.split('.').slice(1).map(words).join(' › ') ?? 'not begun';
  return (
    <section class="chart" aria-label={title}>
      {layout === null ? (
        <div class="chart-wait" role="status">
          {problem === null
            ? `Laying out the chart. The ${chart.machineId} is in: ${place}`
            : `The chart could not be laid out: ${problem}`}
        </div>
      ) : (
        <ChartStage
          label={`${title}. Active: ${place}`}
          layout={layout}
          active={active}
          picture={
            <ChartPicture
              {...{ chart, layout, counts, possible }}
              active={new Set(active)}
              taken={new Map(taken.map(({ id, event }) => [id, event]))}
            />
          }
        />
      )}
      <PossibleNow chart={whole} possible={possibleEdges(whole, value)} place={place} />
    </section>
  );
}

interface StageProps {
  readonly label: string;
  readonly layout: Layout;
  readonly active: readonly string[];
  readonly picture: preact.ComponentChild;
}

function ChartStage({ label, layout, active, picture }: StageProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 });
  const [mode, setMode] = useState<'follow' | 'fit' | 'free'>('follow');
  const size = () => ({ width: frame.current?.clientWidth ?? 600, height: frame.current?.clientHeight ?? 400 });
  const zoom = (factor: number): void => {
    setMode('free');
    setView((now) => zoomed(now, factor, { x: size().width / 2, y: size().height / 2 }));
  };
  const settle = (): void => {
    if (mode === 'free') return;
    const boxes = active.flatMap((id) => layout.boxes[id] ?? []);
    const box = mode === 'follow' ? boxToShow(boxes, size()) : undefined;
    setView((now) => (box === undefined ? fitted(layout, size()) : broughtInSight(now, box, size(), layout)));
  };
  useEffect(settle, [layout, active.join(), mode]);
  useResize(frame, settle);
  usePointer(frame, setView, () => setMode('free'));
  const onKeyDown = (event: KeyboardEvent): void => {
    const moves: Record<string, () => void> = {
      '+': () => zoom(1.25),
      '-': () => zoom(0.8),
      '0': () => setMode('fit'),
      ArrowLeft: () => setView((now) => panned(now, STEP_PX, 0)),
      ArrowRight: () => setView((now) => panned(now, -STEP_PX, 0)),
      ArrowUp: () => setView((now) => panned(now, 0, STEP_PX)),
      ArrowDown: () => setView((now) => panned(now, 0, -STEP_PX)),
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key.startsWith('Arrow')) setMode('free');
    move();
  };
  const { x, y, scale } = view;
  return (
    <div class="stage">
      <div
        class="frame"
        ref={frame}
        tabIndex={0}
        role="group"
        aria-label={`${label}. Arrow keys move it, plus and minus zoom, 0 fits it.`}
        onKeyDown={onKeyDown}
      >
        <svg aria-hidden="true" width="100%" height="100%">
          <g transform={`scale(${scale}) translate(${-x} ${-y})`}>{picture}</g>
        </svg>
      </div>
      <div class="tools" role="group" aria-label="Chart">
        <button type="button" aria-label="Zoom in" onClick={() => zoom(1.25)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => zoom(0.8)}>
          −
        </button>
        <button type="button" aria-pressed={mode === 'fit'} onClick={() => setMode('fit')}>
          Fit
        </button>
        <button type="button" aria-pressed={mode === 'follow'} onClick={() => setMode('follow')}>
          Follow
        </button>
      </div>
    </div>
  );
}

/** Calls `settle`, as it is at that moment, when the frame has another size. */
function useResize(frame: { readonly current: HTMLDivElement | null }, settle: () => void): void {
  const latest = useRef(settle);
  latest.current = settle;
  useEffect(() => {
    if (frame.current === null) return;
    const watcher = new ResizeObserver(() => latest.current());
    watcher.observe(frame.current);
    return () => watcher.disconnect();
  }, []);
}

/** Drags pan, the wheel zooms where the pointer is. */
function usePointer(
  frame: { readonly current: HTMLDivElement | null },
  setView: (change: (view: View) => View) => void,
  onMoved: () => void,
): void {
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      const corner = element.getBoundingClientRect();
      const at = { x: event.clientX - corner.left, y: event.clientY - corner.top };
      setView((now) => zoomed(now, Math.exp(-event.deltaY / 400), at));
      onMoved();
    };
    const onDown = (event: PointerEvent): void => {
      if (event.button === 0) element.setPointerCapture(event.pointerId);
    };
    const onMove = (event: PointerEvent): void => {
      if (!element.hasPointerCapture(event.pointerId)) return;
      setView((now) => panned(now, event.movementX, event.movementY));
      onMoved();
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    element.addEventListener('pointerdown', onDown);
    element.addEventListener('pointermove', onMove);
    return () => {
      element.removeEventListener('wheel', onWheel);
      element.removeEventListener('pointerdown', onDown);
      element.removeEventListener('pointermove', onMove);
    };
  }, []);
}

/** The ways on from here, in words: also for those who do not see the chart. */
function PossibleNow({
  chart,
  possible,
  place,
}: {
  readonly chart: Chart;
  readonly possible: ReadonlySet<string>;
  readonly place: string;
}) {
  const ways = chart.edges.filter(({ id }) => possible.has(id));
  return (
    <details class="possible">
      <summary>
        In <strong>{place}</strong>: {ways.length === 0 ? 'nothing leads on from here' : `${ways.length} ways on`}
      </summary>
      <ul>
        {ways.map(({ id, events, target, role }) => (
          <li key={id}>
            <span class="mono">{events.join(', ')}</span> → {words(target.split('.').slice(1).join(' › '))}
            {role === 'way' ? null : <span class="soft"> ({role})</span>}
          </li>
        ))}
        {chart.everywhere.map(({ id, events, target }) => (
          <li key={id} class="soft">
            <span class="mono">{events.join(', ')}</span> → {words(target.split('.').slice(1).join(' › '))} (from any
            state)
          </li>
        ))}
      </ul>
    </details>
  );
}

/**
 * What part of a chart is seen, and how large.
 *
 * Owns: the arithmetic of zoom, pan, fit and bringing a box into sight (pure). Does not own: pointers and keys (chart).
 */
import type { Box, Layout, Point } from './chart-layout.ts';

/** The chart's point that lies at the frame's corner, and pixels per unit. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** The frame in pixels. */
export interface Frame {
  readonly width: number;
  readonly height: number;
}

const SCALE_MIN = 0.1;
const SCALE_MAX = 3;
const MARGIN = 16;
/** What may be seen beyond the chart: the buttons lie there. */
const EDGE_PX = 52;
/** Text of the chart can be read from here on. */
const READABLE_SCALE = 0.85;

const bounded = (scale: number): number => Math.min(SCALE_MAX, Math.max(SCALE_MIN, scale));

/** Everything in sight. */
export function fitted({ width, height }: Layout, frame: Frame): View {
  const scale = bounded(Math.min(1.2, (frame.width - 2 * MARGIN) / width, (frame.height - 2 * MARGIN) / height));
  return { x: (width - frame.width / scale) / 2, y: (height - frame.height / scale) / 2, scale };
}

/** `factor` times as large; what lies at the frame's point `at` stays there. */
export function zoomed(view: View, factor: number, at: Point): View {
  const scale = bounded(view.scale * factor);
  return { x: view.x + at.x / view.scale - at.x / scale, y: view.y + at.y / view.scale - at.y / scale, scale };
}

/** The largest of the boxes, outermost first, that is seen whole at a readable size; else the innermost. */
export function boxToShow(boxes: readonly Box[], frame: Frame): Box | undefined {
  const fits = ({ width, height }: Box): boolean =>
    width * READABLE_SCALE <= frame.width - 2 * MARGIN && height * READABLE_SCALE <= frame.height - 2 * MARGIN;
  return boxes.find(fits) ?? boxes.at(-1);
}

/** Moved by so many pixels. */
export function panned(view: View, dx: number, dy: number): View {
  return { ...view, x: view.x - dx / view.scale, y: view.y - dy / view.scale };
}

/** The box in the middle, or as near to it as the chart's edges allow, large enough to read; the same view when it is well in sight. */
export function broughtInSight(view: View, box: Box, frame: Frame, chart: Frame): View {
  const scale = Math.max(view.scale, Math.min(READABLE_SCALE, (frame.width - 2 * MARGIN) / box.width));
  const left = (box.x - view.x) * view.scale;
  const top = (box.y - view.y) * view.scale;
  const isInside =
    left >= MARGIN &&
    top >= MARGIN &&
    left + box.width * view.scale <= frame.width - MARGIN &&
    top + box.height * view.scale <= frame.height - MARGIN;
  if (isInside && scale === view.scale) return view;
  const slack = EDGE_PX / scale;
  const x = along(box.x + box.width / 2, frame.width / scale, chart.width, slack);
  return { x, y: along(box.y + box.height / 2, frame.height / scale, chart.height, slack), scale };
}

/** Where a stretch of `seen` units begins, so that `middle` is in its middle and no more than `slack` beyond the chart is seen. */
function along(middle: number, seen: number, whole: number, slack: number): number {
  if (seen >= whole + 2 * slack) return (whole - seen) / 2;
  return Math.min(whole + slack - seen, Math.max(-slack, middle - seen / 2));
}

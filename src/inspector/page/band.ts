/**
 * The band of a run's states, drawn on a canvas: ten thousand records cost no more than ten.
 *
 * Owns: its drawing. Does not own: what is in it (journal-marks), choosing (scrubber).
 */
import { type Stretch, type Tone, toneOfState } from './journal-marks.ts';
import { words } from './words.ts';

/** What the band shows. */
export interface BandFacts {
  readonly stretches: readonly Stretch[];
  readonly marked: readonly { readonly seq: number; readonly tone: Tone }[];
  readonly length: number;
  readonly seq: number;
}

const LABEL_PADDING = 6;

/** Draws the band at the canvas's own size and pixel ratio. */
export function drawBand(canvas: HTMLCanvasElement, { stretches, marked, length, seq }: BandFacts): void {
  const ratio = devicePixelRatio;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== width * ratio) canvas.width = width * ratio;
  if (canvas.height !== height * ratio) canvas.height = height * ratio;
  const brush = canvas.getContext('2d');
  if (brush === null || length === 0) return;
  const style = getComputedStyle(canvas);
  const colour = (name: string): string => style.getPropertyValue(name);
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  brush.clearRect(0, 0, width, height);
  brush.font = `12px ${style.fontFamily}`;
  brush.textBaseline = 'middle';
  const x = (at: number): number => ((at - 1) / length) * width;
  for (const [n, { state, fromSeq, toSeq }] of stretches.entries()) {
    const [left, right] = [x(fromSeq), x(toSeq + 1)];
    const tone = state === 'fixLoop' ? 'fix' : toneOfState(state);
    brush.fillStyle = colour(`--band-${tone}`);
    brush.globalAlpha = n % 2 === 0 ? 1 : 0.72;
    brush.fillRect(left, 0, Math.max(1, right - left - 1), height);
    brush.globalAlpha = 1;
    drawName(brush, words(state), left, right, height / 2, colour('--ink'));
  }
  for (const { seq: at, tone } of marked) {
    brush.fillStyle = colour(`--${tone}`);
    brush.fillRect(x(at), height - 5, Math.max(2, Math.min(6, width / length - 2)), 5);
  }
  brush.fillStyle = colour('--now');
  const size = Math.max(3, Math.min(10, width / length));
  brush.globalAlpha = 0.28;
  brush.fillRect(x(seq), 0, size, height);
  brush.globalAlpha = 1;
  brush.fillRect(x(seq) + size / 2 - 1.5, 0, 3, height);
}

function drawName(
  brush: CanvasRenderingContext2D,
  name: string,
  left: number,
  right: number,
  y: number,
  ink: string,
): void {
  if (brush.measureText(name).width + 2 * LABEL_PADDING > right - left) return;
  brush.fillStyle = ink;
  brush.fillText(name, left + LABEL_PADDING, y);
}

/**
 * The scrubber: a run's states as a band, and the sequence that the page shows.
 *
 * Owns: choosing the sequence, playing, the band. Does not own: what is shown of it (run-page).
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { drawBand } from './band.ts';
import type { History } from './history.ts';
import { marksOf, stretchesOf } from './journal-marks.ts';
import { Icon } from './parts.tsx';
import { dayAndClock } from './words.ts';

interface ScrubberProps {
  readonly history: History;
  /** Raised with every record, so that the band is drawn anew. */
  readonly length: number;
  readonly seq: number;
  readonly isNewest: boolean;
  /** Null: the newest, and all that follow. */
  readonly show: (seq: number | null) => void;
}

const PLAY_MS = 350;
/** However long a journal is, playing it takes no longer. */
const PLAY_STEPS_MAX = 400;

/** The scrubber of a run. */
export function Scrubber({ history, length, seq, isNewest, show: showAt }: ScrubberProps) {
  // Keys may come faster than the page is drawn: each steps on from where the last one went.
  const at = useRef(seq);
  at.current = seq;
  const show = (next: number | null): void => {
    at.current = next ?? length;
    // Whoever steps onto the last record wants to see what comes next.
    showAt(next === null || next >= length ? null : next);
  };
  const [isPlaying, setPlaying] = useState(false);
  const step = Math.max(1, Math.floor(length / PLAY_STEPS_MAX));
  useEffect(() => {
    if (!isPlaying) return;
    if (seq >= length) return setPlaying(false);
    const timer = setTimeout(() => show(Math.min(length, seq + step)), PLAY_MS);
    return () => clearTimeout(timer);
  }, [isPlaying, seq, length]);
  const play = (): void => {
    if (!isPlaying && seq >= length) show(1);
    setPlaying(!isPlaying);
  };
  useKeys({ at, length, show, play });
  const record = history.records[seq - 1];
  const place = history.places[seq - 1];
  const says =
    record === undefined
      ? ''
      : `record ${seq} of ${length}: ${record.event.type}${place === undefined ? '' : `, in ${place}`}`;
  return (
    <section class="scrubber" aria-label="Time travel">
      <div class="keys">
        <button type="button" aria-label="First record" onClick={() => show(1)} disabled={seq <= 1}>
          <Icon name="first" />
        </button>
        <button
          type="button"
          aria-label="One record back"
          onClick={() => show(Math.max(1, at.current - 1))}
          disabled={seq <= 1}
        >
          <Icon name="back" />
        </button>
        <button
          type="button"
          class="play"
          aria-label={isPlaying ? 'Pause' : 'Play'}
          onClick={play}
          disabled={length === 0}
        >
          <Icon name={isPlaying ? 'pause' : 'play'} />
        </button>
        <button
          type="button"
          aria-label="One record on"
          onClick={() => show(Math.min(length, at.current + 1))}
          disabled={seq >= length}
        >
          <Icon name="on" />
        </button>
        <button
          type="button"
          aria-pressed={isNewest}
          onClick={() => show(null)}
          title="Show the newest record and follow"
        >
          Newest
        </button>
      </div>
      <div class="track">
        <Band history={history} length={length} folded={history.foldedSeq} seq={seq} />
        <input
          type="range"
          min={1}
          max={Math.max(1, length)}
          value={seq}
          aria-label="Record"
          aria-valuetext={says}
          onInput={(event) => show(event.currentTarget.valueAsNumber)}
        />
      </div>
      <output class="where">
        <strong class="num">{seq}</strong>
        <span class="soft num"> of {length}</span>
        <small class="soft num">{record === undefined ? '' : dayAndClock(record.atMs)}</small>
      </output>
    </section>
  );
}

interface BandProps {
  readonly history: History;
  readonly length: number;
  readonly folded: number;
  readonly seq: number;
}

function Band({ history, length, folded, seq }: BandProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const stretches = useMemo(() => stretchesOf(history.places), [history, folded]);
  const marked = useMemo(
    () =>
      history.records.flatMap((record, n) => {
        const mark = marksOf(record, history.records[n - 1]).find(({ tone }) => tone !== 'plain');
        return mark === undefined ? [] : [{ seq: record.seq, tone: mark.tone }];
      }),
    [history, length],
  );
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const watcher = new ResizeObserver(() => setWidth(element.clientWidth));
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  useEffect(() => {
    if (canvas.current !== null) drawBand(canvas.current, { stretches, marked, length, seq });
  }, [stretches, marked, length, seq, width]);
  return (
    <div aria-hidden="true">
      <canvas ref={canvas} />
    </div>
  );
}

/** Arrows step, Home and End jump, space plays, wherever on the page nothing else takes them. */
function useKeys({
  at,
  length,
  show,
  play,
}: Pick<ScrubberProps, 'length' | 'show'> & {
  readonly at: { readonly current: number };
  readonly play: () => void;
}): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target;
      const isTaken =
        target instanceof HTMLElement && target.closest('input, textarea, select, [role=tablist], .frame') !== null;
      if (event.defaultPrevented || isTaken || event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === ' ' && target instanceof HTMLElement && target.closest('button, a, summary') !== null) return;
      const leap = event.shiftKey ? 10 : 1;
      const moves: Record<string, () => void> = {
        ArrowLeft: () => show(Math.max(1, at.current - leap)),
        ArrowRight: () => show(Math.min(length, at.current + leap)),
        Home: () => show(1),
        End: () => show(null),
        ' ': play,
      };
      const move = moves[event.key];
      if (move === undefined) return;
      event.preventDefault();
      move();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });
}

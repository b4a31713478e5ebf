/**
 * Every record of the journal, the one that is shown, and what it says in full.
 *
 * Owns: the list, of which only what is in sight is built, and the record's details. Does not own: choosing by the scrubber (scrubber).
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { spanMs } from '../../base/elapsed.ts';
import type { JournalRecord } from '../../model/record.ts';
import type { Divergence } from './history.ts';
import { factsOf, marksOf } from './journal-marks.ts';
import { Document, Empty } from './parts.tsx';
import { clock, duration } from './words.ts';

interface TimelineProps {
  readonly records: readonly JournalRecord[];
  readonly seq: number;
  readonly divergence: Divergence | null;
  readonly show: (seq: number) => void;
}

const ROW_PX = 44;
const SPARE_ROWS = 8;

/** The timeline of a run. */
export function Timeline({ records, seq, divergence, show }: TimelineProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const watcher = new ResizeObserver(() => setHeight(element.clientHeight));
    watcher.observe(element);
    return () => watcher.disconnect();
  }, [records.length === 0]);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const rowTop = (seq - 1) * ROW_PX;
    if (rowTop < element.scrollTop) element.scrollTop = rowTop - ROW_PX;
    else if (rowTop + ROW_PX > element.scrollTop + element.clientHeight) {
      element.scrollTop = rowTop - element.clientHeight + 2 * ROW_PX;
    }
  }, [seq, height]);
  if (records.length === 0) return <Empty title="No records">The journal is empty, or it cannot be read at all.</Empty>;
  const first = Math.max(0, Math.floor(top / ROW_PX) - SPARE_ROWS);
  const rows = records.slice(first, first + Math.ceil(height / ROW_PX) + 2 * SPARE_ROWS);
  const shown = records[seq - 1];
  return (
    <div class="timeline">
      {divergence === null ? null : (
        <p class="notice tone-bad">
          Record {divergence.seq} is not what follows from those before it: {divergence.detail}. Nothing after it can be
          shown.
        </p>
      )}
      <div
        class="records"
        ref={frame}
        role="listbox"
        aria-label={`Records, ${records.length}`}
        aria-activedescendant={`record-${seq}`}
        tabIndex={0}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      >
        <div role="presentation" style={{ height: `${records.length * ROW_PX}px` }}>
          <div role="presentation" style={{ transform: `translateY(${first * ROW_PX}px)` }}>
            {rows.map((record) => (
              <RecordRow
                key={record.seq}
                record={record}
                before={records[record.seq - 2]}
                isShown={record.seq === seq}
                isFuture={record.seq > seq}
                show={show}
              />
            ))}
          </div>
        </div>
      </div>
      {shown === undefined ? null : <RecordDetails record={shown} before={records[seq - 2]} />}
    </div>
  );
}

interface RowProps {
  readonly record: JournalRecord;
  readonly before: JournalRecord | undefined;
  readonly isShown: boolean;
  readonly isFuture: boolean;
  readonly show: (seq: number) => void;
}

function RecordRow({ record, before, isShown, isFuture, show }: RowProps) {
  const marks = marksOf(record, before);
  const tone = marks.find((mark) => mark.tone !== 'plain')?.tone ?? 'plain';
  const facts = factsOf(record);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the arrow keys choose records wherever the focus is
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and names the chosen one
    <div
      id={`record-${record.seq}`}
      role="option"
      aria-selected={isShown}
      class={`record${isFuture ? ' future' : ''}${record.actor === 'driver' ? ' driver' : ''}`}
      onClick={() => show(record.seq)}
    >
      <span class="seq num">{record.seq}</span>
      <span class="at num">
        {clock(record.atMs)}
        <small class="soft">{before === undefined ? '' : `+${duration(spanMs(before.atMs, record.atMs))}`}</small>
      </span>
      <span class="what">
        <span class="line">
          <strong>{record.event.type}</strong> <span class="actor">{record.actor}</span>
        </span>
        <small class={tone === 'plain' ? 'soft' : `tone-${tone}`}>
          {marks.length === 0
            ? facts.map(([name, value]) => `${name} ${value}`).join('  ·  ')
            : marks.map(({ text }) => text).join('  ·  ')}
        </small>
      </span>
      <span class="asks">
        {record.effects.slice(0, 3).map(({ key, kind }) => (
          <span class="effect" key={key} title={key}>
            {kind}
          </span>
        ))}
      </span>
    </div>
  );
}

function RecordDetails({
  record,
  before,
}: {
  readonly record: JournalRecord;
  readonly before: JournalRecord | undefined;
}) {
  const marks = marksOf(record, before);
  return (
    <details class="record-details">
      <summary>
        Record {record.seq} in full: <strong>{record.event.type}</strong>
      </summary>
      {marks.length === 0 ? null : (
        <ul class="plain">
          {marks.map((mark) => (
            <li key={mark.text} class={`tone-${mark.tone}`}>
              {mark.text}
            </li>
          ))}
        </ul>
      )}
      <Document label={`Record ${record.seq}`} value={record} />
    </details>
  );
}

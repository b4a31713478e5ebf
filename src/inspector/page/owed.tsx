/**
 * What the run owes at the shown record: outbox, deadlines, lease.
 *
 * Owns: listing them. Does not own: what they mean (model/effect).
 */
import { spanMs } from '../../base/elapsed.ts';
import type { KeyedEffect } from '../../model/effect.ts';
import type { RunView } from '../../run/run-view.ts';
import { Empty, Fact } from './parts.tsx';
import { dayAndClock, duration } from './words.ts';

interface OwedProps {
  readonly owed: readonly KeyedEffect[];
  readonly view: RunView;
  /** The instant of the shown record. */
  readonly atMs: number;
}

/** Effects asked for and not yet settled. */
export function Owed({ owed, view, atMs }: OwedProps) {
  const deadlines = owed.flatMap((effect) => (effect.kind === 'deadline' ? [effect] : []));
  const effects = owed.filter(({ kind }) => kind !== 'deadline');
  if (owed.length === 0)
    return <Empty title="Nothing is owed">At this record every effect that was asked for is settled.</Empty>;
  return (
    <div class="owed">
      <h3>Outbox</h3>
      {effects.length === 0 ? <p class="soft">Empty.</p> : null}
      <ul class="findings">
        {effects.map((effect) => (
          <li key={effect.key} data-key={effect.key}>
            <strong>{effect.kind}</strong> <span class="soft">asked for by {effect.actor}</span>
            <small class="mono soft">{effect.key}</small>
          </li>
        ))}
      </ul>
      <h3>Deadlines</h3>
      {deadlines.length === 0 ? <p class="soft">None.</p> : null}
      <ul class="findings">
        {deadlines.map((effect) => (
          <li key={effect.key} data-key={effect.key}>
            <strong>{effect.id}</strong> {dayAndClock(effect.atMs)}{' '}
            <span class="soft">{duration(spanMs(atMs, effect.atMs))} after this record</span>
          </li>
        ))}
      </ul>
      <h3>Lease</h3>
      {view.lease === null ? (
        <p class="soft">The run holds none.</p>
      ) : (
        <dl class="facts">
          <Fact name="until">{dayAndClock(view.lease.expiresAtMs)}</Fact>
          <Fact name="surfaces">
            <ul class="plain mono">
              {view.lease.surfaces.map((surface) => (
                <li key={surface}>{surface}</li>
              ))}
            </ul>
          </Fact>
        </dl>
      )}
    </div>
  );
}

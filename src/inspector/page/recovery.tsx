/**
 * What starts have found, why a run is set aside, and what to do next.
 *
 * Owns: telling it. Does not own: finding it (engine/recovery/rehydrate, the hub).
 */
import type { JournalRecord } from '../../model/record.ts';
import type { RunView } from '../../run/run-view.ts';
import type { RecoveryFinding, RecoveryView } from '../wire/page-api.ts';
import { Actions, Chip, Fact } from './parts.tsx';
import { dayAndClock, words } from './words.ts';

interface RecoveryProps {
  /** Those up to the shown one. */
  readonly records: readonly JournalRecord[];
  readonly view: RunView;
  readonly recovery: RecoveryView | null;
  /** False of an earlier record: what is known only now is then not shown. */
  readonly isNewest: boolean;
}

/** Of more starts the newest are told: the timeline has all. */
const STARTS_MAX = 50;

/** Recovery and quarantine of a run. */
export function Recovery({ records, view, recovery: now, isNewest }: RecoveryProps) {
  const recovery = isNewest ? now : null;
  const starts = records
    .flatMap(({ seq, atMs, event }) =>
      event.type === 'runRehydrated' ? [{ seq, atMs, findings: event.findings }] : [],
    )
    .slice(-STARTS_MAX);
  return (
    <div class="recovery">
      <NextStep view={view} isAside={recovery?.quarantine != null} isNewest={isNewest} />
      {recovery?.quarantine == null ? null : <Quarantine quarantine={recovery.quarantine} />}
      {recovery?.journalFault == null ? null : (
        <p class="notice tone-bad">The journal ends here: {recovery.journalFault}</p>
      )}
      {isNewest ? (
        <>
          <h3>{recovery?.quarantine == null ? 'What a start would find now' : 'What was found'}</h3>
          {recovery === null ? (
            <p class="soft">Looking…</p>
          ) : (
            <Findings findings={recovery.findings} none="Nothing out of order." />
          )}
        </>
      ) : null}
      <h3>What earlier starts found</h3>
      {starts.length === 0 ? (
        <p class="soft">No start has found anything up to this record.</p>
      ) : (
        starts.map(({ seq, atMs, findings }) => (
          <section key={seq} aria-label={`Record ${seq}`}>
            <p class="soft num">
              record {seq}, {dayAndClock(atMs)}
            </p>
            <Findings findings={findings} none="It found nothing out of order." />
          </section>
        ))
      )}
    </div>
  );
}

interface NextStepProps {
  readonly view: RunView;
  readonly isAside: boolean;
  readonly isNewest: boolean;
}

/** Of a run that is set aside the quarantine below tells the same as its blocker. */
function NextStep({ view, isAside, isNewest }: NextStepProps) {
  const { blockers, actions } = view;
  return (
    <section class="next" aria-label="What to do next">
      {(isAside ? [] : blockers).map((blocker) => (
        <article class="blocker" key={blocker.code + blocker.message}>
          <header>
            <Chip tone={view.kind === 'quarantined' ? 'bad' : 'warn'}>{blocker.code}</Chip>
          </header>
          <p>{blocker.message}</p>
          <p class="soft">{blocker.hint}</p>
          {blocker.evidence.length === 0 ? null : <p class="mono soft path">{blocker.evidence.join('  ')}</p>}
        </article>
      ))}
      {isNewest ? <Actions actions={actions} /> : null}
    </section>
  );
}

function Quarantine({ quarantine }: { readonly quarantine: NonNullable<RecoveryView['quarantine']> }) {
  const { resolved } = quarantine;
  return (
    <article class="blocker">
      <header>
        <Chip tone="bad">quarantined</Chip> <span class="mono">{quarantine.code}</span>
      </header>
      <p>{quarantine.detail}</p>
      <dl class="facts">
        <Fact name="since">{dayAndClock(quarantine.atMs)}</Fact>
        <Fact name="surfaces held">{resolved === null ? quarantine.surfaces.join(', ') || 'none' : 'released'}</Fact>
        {resolved === null ? null : (
          <Fact name="resolved">{`${resolved.decision} by ${resolved.by}: ${resolved.reason}`}</Fact>
        )}
      </dl>
    </article>
  );
}

function Findings({ findings, none }: { readonly findings: readonly RecoveryFinding[]; readonly none: string }) {
  if (findings.length === 0) return <p class="soft">{none}</p>;
  return (
    <ul class="findings">
      {findings.map(({ class: kind, detail, action }) => (
        <li key={kind + detail}>
          <Chip tone={kind === 'ambiguous' ? 'bad' : 'warn'}>{words(kind)}</Chip> {detail}
          <small class="soft">{action}</small>
        </li>
      ))}
    </ul>
  );
}

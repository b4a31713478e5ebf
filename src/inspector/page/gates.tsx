/**
 * Gates by epoch, with what they found, and the handoff.
 *
 * Owns: reading both from the records up to the shown one, and from the evidence that they name. Does not own: fetching it (hub-state).
 */
import { useEffect, useState } from 'preact/hooks';
import { isObject } from '../../base/canonical-json.ts';
import { messageOf } from '../../blockers/shown-blocker.ts';
import type { JournalRecord } from '../../model/record.ts';
import type { RunView } from '../../run/run-view.ts';
import type { Fetched } from './hub-state.ts';
import { toneOfResult } from './journal-marks.ts';
import { Chip, Document, Empty, Fact } from './parts.tsx';
import { counted, duration, short } from './words.ts';

interface GatesProps {
  readonly records: readonly JournalRecord[];
  readonly view: RunView;
  readonly artifacts: ReadonlyMap<string, Fetched>;
  readonly ask: (path: string) => void;
}

type Judged = Extract<JournalRecord['event'], { type: 'gateJudged' }>;

/** Of more epochs the newest are shown, until all are asked for. */
const EPOCHS_MAX = 12;

/** Gates and handoff as of the shown record; `records` are those up to it. */
export function Gates({ records, view, artifacts, ask }: GatesProps) {
  const [isAll, setAll] = useState(false);
  const judged = records.flatMap(({ event }) => (event.type === 'gateJudged' ? [event] : [])).reverse();
  const overrides = (['verification', 'review'] as const).flatMap((gate) => {
    const record = view.gates[gate];
    return record?.status === 'ACCEPTED' ? [{ gate, by: record.by, reason: record.reason }] : [];
  });
  const all = [...new Set(judged.map(({ epoch }) => epoch))];
  const epochs = isAll ? all : all.slice(0, EPOCHS_MAX);
  if (judged.length === 0 && view.handoff === null)
    return <Empty title="No verdict yet">Verification and review have not judged anything at this record.</Empty>;
  return (
    <div class="gates">
      {view.handoff === null ? null : (
        <Handoff view={view} fetched={artifacts.get(view.handoff.artifact.path)} ask={ask} />
      )}
      {overrides.map(({ gate, by, reason }) => (
        <p class="notice tone-now" key={gate}>
          {by} accepted the {gate} in place of its verdict: {reason}
        </p>
      ))}
      {epochs.map((epoch) => (
        <section key={epoch} aria-label={`Round ${epoch}`}>
          <h3>
            Round {epoch} {epoch === view.epoch ? null : <span class="soft">no longer counts</span>}
          </h3>
          {judged
            .filter((gate) => gate.epoch === epoch)
            .map((gate) => (
              <Gate key={gate.taskId} gate={gate} fetched={artifacts.get(gate.evidence.path)} ask={ask} />
            ))}
        </section>
      ))}
      {epochs.length === all.length ? null : (
        <button type="button" class="quiet more" onClick={() => setAll(true)}>
          Show {counted(all.length - epochs.length, 'earlier round')}
        </button>
      )}
    </div>
  );
}

const CRITERION_WORDS: Readonly<Record<string, string>> = { met: 'met', notMet: 'not met' };

function Gate({
  gate,
  fetched,
  ask,
}: {
  readonly gate: Judged;
  readonly fetched: Fetched | undefined;
  readonly ask: (path: string) => void;
}) {
  useEffect(() => ask(gate.evidence.path), [gate.evidence.path]);
  const document = isObject(fetched?.document) ? fetched.document : {};
  const findings = Array.isArray(document.findings) ? document.findings.filter(isObject) : [];
  const commands = Array.isArray(document.commands) ? document.commands.filter(isObject) : [];
  const criteria = Array.isArray(document.criteria) ? document.criteria.filter(isObject) : [];
  return (
    <article class="gate">
      <header>
        <strong>{gate.gate}</strong> <Chip tone={toneOfResult(gate.status)}>{gate.status}</Chip>
        <span class="soft">
          commit <code>{short(gate.commit)}</code>, {counted(gate.findingCount, 'finding')}
        </span>
      </header>
      {typeof document.summary === 'string' ? <p>{document.summary}</p> : null}
      {gate.blocker === null ? null : <p class="soft">{messageOf(gate.blocker)}</p>}
      {findings.length === 0 ? null : (
        <ul class="findings">
          {findings.map((finding, n) => (
            <li key={n}>
              <span class="severity">{String(finding.severity ?? '')}</span> {String(finding.message ?? '')}{' '}
              {finding.file === undefined ? null : (
                <code>{`${String(finding.file)}${finding.line === undefined ? '' : `:${String(finding.line)}`}`}</code>
              )}
            </li>
          ))}
        </ul>
      )}
      {criteria.length === 0 ? null : (
        <ul class="findings">
          {criteria.map((criterion, n) => (
            <li key={n}>
              <span class="severity">{CRITERION_WORDS[String(criterion.status)] ?? 'unclear'}</span>{' '}
              {String(criterion.criterion ?? '')} <span class="soft">{String(criterion.evidence ?? '')}</span>
            </li>
          ))}
        </ul>
      )}
      {commands.length === 0 ? null : <Commands commands={commands} />}
      {fetched?.problem == null ? null : <p class="notice tone-bad">{fetched.problem}</p>}
      {fetched === undefined ? <p class="soft">Reading the evidence…</p> : null}
      <p class="soft mono path">{gate.evidence.path}</p>
    </article>
  );
}

function Commands({ commands }: { readonly commands: readonly Record<string, unknown>[] }) {
  return (
    <ul class="plain commands">
      {commands.map((command, n) => {
        const argv = Array.isArray(command.argv) ? command.argv.join(' ') : '';
        const exit = command.exitCode ?? command.signal;
        const tail = typeof command.outputTail === 'string' ? command.outputTail : '';
        return (
          <li key={n}>
            <details>
              <summary>
                <Chip tone={exit === 0 ? 'good' : 'bad'}>exit {String(exit)}</Chip> <code>{argv}</code>{' '}
                <span class="soft num">
                  {typeof command.durationMs === 'number' ? duration(command.durationMs) : ''}
                </span>
              </summary>
              <pre class="output">{tail === '' ? 'It printed nothing.' : tail}</pre>
            </details>
          </li>
        );
      })}
    </ul>
  );
}

function Handoff({
  view,
  fetched,
  ask,
}: {
  readonly view: RunView;
  readonly fetched: Fetched | undefined;
  readonly ask: (path: string) => void;
}) {
  const path = view.handoff?.artifact.path ?? '';
  useEffect(() => ask(path), [path]);
  const document = isObject(fetched?.document) ? fetched.document : {};
  const commits = Array.isArray(document.commits) ? document.commits.filter(isObject) : [];
  const files = Array.isArray(document.files) ? document.files : [];
  return (
    <article class="gate handoff">
      <header>
        <strong>Handoff</strong> <Chip tone="good">projected</Chip>
      </header>
      <dl class="facts">
        <Fact name="reference">
          <code>{view.handoff?.reference}</code>
        </Fact>
        <Fact name="branch">
          <code>{view.branch}</code>
        </Fact>
        {commits.map((commit) => (
          <Fact key={String(commit.commit)} name={short(String(commit.commit))}>
            {String(commit.subject)}
          </Fact>
        ))}
        <Fact name="files">{files.join(', ')}</Fact>
      </dl>
      {fetched?.problem == null ? null : <p class="notice tone-bad">{fetched.problem}</p>}
      <details>
        <summary>The bundle in full</summary>
        <Document label="Handoff bundle" value={fetched?.document ?? null} />
      </details>
    </article>
  );
}

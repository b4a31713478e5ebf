/**
 * The table of all runs.
 *
 * Owns: filter, search, order and the rows. Does not own: a run's own page (run-page).
 */
import { useState } from 'preact/hooks';
import type { RunKind, RunView } from '../../core/run-view.ts';
import { toneOfState } from './journal-marks.ts';
import { Chip, Command, Empty } from './parts.tsx';
import { chosenRuns } from './run-choice.ts';
import { age, counted, words } from './words.ts';

const FILTERS: readonly { readonly kind: RunKind | 'all'; readonly name: string }[] = [
  { kind: 'all', name: 'All' },
  { kind: 'active', name: 'Moving' },
  { kind: 'blocked', name: 'Needs you' },
  { kind: 'quarantined', name: 'Quarantined' },
  { kind: 'terminal', name: 'Ended' },
];

interface RunsProps {
  readonly runs: ReadonlyMap<string, RunView> | null;
  readonly nowMs: number;
}

/** The first page: every run of the registry. */
export function Runs({ runs, nowMs }: RunsProps) {
  const [kind, setKind] = useState<RunKind | 'all'>('all');
  const [search, setSearch] = useState('');
  if (runs === null) return <Loading />;
  if (runs.size === 0)
    return (
      <Empty title="No runs yet">
        Take work packets in with <Command text="pawl intake PACKETS" /> They appear here by themselves.
      </Empty>
    );
  const all = [...runs.values()];
  const chosen = chosenRuns(all, kind, search);
  return (
    <section aria-labelledby="runs-title" class="runs">
      <div class="bar">
        <h1 id="runs-title">Runs</h1>
        <fieldset class="filters">
          <legend class="hidden">Show</legend>
          {FILTERS.map((filter) => {
            const count = filter.kind === 'all' ? all.length : all.filter((run) => run.kind === filter.kind).length;
            return (
              <button
                type="button"
                key={filter.kind}
                aria-pressed={kind === filter.kind}
                onClick={() => setKind(filter.kind)}
              >
                {filter.name} <span class="count">{count}</span>
              </button>
            );
          })}
        </fieldset>
        <input
          type="search"
          placeholder="Search task, state, branch, code"
          aria-label="Search runs"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
      </div>
      {chosen.length === 0 ? (
        <Empty title="Nothing matches">
          {counted(all.length, 'run')} in the registry; none is shown by this filter and search.
        </Empty>
      ) : (
        <RunTable runs={chosen} nowMs={nowMs} />
      )}
    </section>
  );
}

function RunTable({ runs, nowMs }: Omit<RunsProps, 'runs'> & { readonly runs: readonly RunView[] }) {
  return (
    <div class="table-frame">
      <table class="run-table">
        <thead>
          <tr>
            <th scope="col">Task</th>
            <th scope="col">State</th>
            <th scope="col">Working on</th>
            <th scope="col">Last record</th>
            <th scope="col">Blocker</th>
            <th scope="col">Next safe action</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <RunRow key={run.runId} run={run} nowMs={nowMs} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RunRow({ run, nowMs }: { readonly run: RunView; readonly nowMs: number }) {
  const { task, nextSafeAction: next } = run;
  const [blocker] = run.blockers;
  return (
    <tr data-run={run.runId}>
      <th scope="row">
        <a href={`#run=${encodeURIComponent(run.runId)}`}>{run.taskId}</a>
        <small class="mono soft">{run.runId}</small>
      </th>
      <td>
        <Chip tone={toneOfState(run.state)}>{words(run.state)}</Chip>
        {run.substate === null ? null : <small class="soft">{words(run.substate)}</small>}
      </td>
      <td>
        {task === null ? (
          <span class="soft">nothing yet</span>
        ) : (
          <>
            {task.purpose} <span class="soft">attempt {task.attempt}</span>
            <small class="soft">{run.epoch === 0 ? 'before the first gate' : `epoch ${run.epoch}`}</small>
          </>
        )}
      </td>
      <td class="num">
        {run.updatedAtMs === null || run.updatedAtMs === 0 ? '' : age(run.updatedAtMs, nowMs)}
        <small class="soft">{run.seq === 0 ? '' : counted(run.seq, 'record')}</small>
      </td>
      <td class="wide">
        {blocker === undefined ? (
          <span class="soft">none</span>
        ) : (
          <>
            {blocker.message}
            <small class="mono soft">{blocker.code}</small>
          </>
        )}
      </td>
      <td>{next.command === null ? <span class="soft">nothing to do</span> : <Command text={next.command} />}</td>
    </tr>
  );
}

function Loading() {
  return (
    <section class="runs" aria-busy="true">
      <div class="bar">
        <h1>Runs</h1>
      </div>
      <div class="ghosts" role="status" aria-label="Reading the registry">
        {[1, 2, 3, 4].map((n) => (
          <div class="ghost" key={n} />
        ))}
      </div>
    </section>
  );
}

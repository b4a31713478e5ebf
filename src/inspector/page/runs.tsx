/**
 * The table of all runs.
 *
 * Owns: filter, search, order and the rows. Does not own: a run's own page (run-page).
 */
import { useState } from 'preact/hooks';
import { contraryStanding, type Liveness, standingWords } from '../../run/liveness.ts';
import type { RunKind, RunView } from '../../run/run-view.ts';
import type { ProjectFacts } from '../wire/page-api.ts';
import { shownKind } from '../wire/run-kind.ts';
import { linkToRun } from './address.ts';
import { toneOfStanding, toneOfState } from './journal-marks.ts';
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
  /** Null where the hub knows of no projects. */
  readonly project: ProjectFacts | null;
  readonly runs: ReadonlyMap<string, RunView> | null;
  /** The liveness of a run as it was last told; null of one that cannot move. */
  readonly livenessOf: (runId: string) => Liveness | null;
  readonly nowMs: number;
}

/** The first page: every run of the registry. */
export function Runs({ project, runs, livenessOf, nowMs }: RunsProps) {
  const [kind, setKind] = useState<RunKind | 'all'>('all');
  const [search, setSearch] = useState('');
  if (runs === null) return <Loading />;
  if (runs.size === 0 && project?.state === 'degraded')
    return (
      <Empty title="Nothing can be shown of this project">Its runs appear here as soon as they can be read.</Empty>
    );
  if (runs.size === 0)
    return (
      <Empty title="No runs yet">
        Take a file of work packets in with <code>pawl intake</code>. They appear here by themselves.
      </Empty>
    );
  const all = [...runs.values()];
  const kindOf = (run: RunView): RunKind => shownKind(run, livenessOf(run.runId));
  const chosen = chosenRuns(all, kindOf, kind, search);
  return (
    <section aria-labelledby="runs-title" class="runs">
      <div class="bar">
        <h1 id="runs-title">Runs</h1>
        <fieldset class="filters">
          <legend class="hidden">Show</legend>
          {FILTERS.map((filter) => {
            const count = filter.kind === 'all' ? all.length : all.filter((run) => kindOf(run) === filter.kind).length;
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
        <RunTable project={project} runs={chosen} livenessOf={livenessOf} nowMs={nowMs} />
      )}
    </section>
  );
}

interface RunRowProps {
  readonly projectId: string | null;
  readonly run: RunView;
  readonly liveness: Liveness | null;
  readonly nowMs: number;
}

function RunTable({
  project,
  runs,
  livenessOf,
  nowMs,
}: Omit<RunsProps, 'runs'> & { readonly runs: readonly RunView[] }) {
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
            <RunRow
              key={run.runId}
              projectId={project?.id ?? null}
              run={run}
              liveness={livenessOf(run.runId)}
              nowMs={nowMs}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RunRow({ projectId, run, liveness, nowMs }: RunRowProps) {
  const { task } = run;
  const [next] = run.actions;
  const [blocker] = run.blockers;
  const contrary = contraryStanding(liveness);
  return (
    <tr data-run={run.runId}>
      <th scope="row">
        <a href={linkToRun(projectId, run.runId)}>{run.taskId}</a>
        <small class="mono soft">{run.runId}</small>
      </th>
      <td data-label="State">
        <Chip tone={contrary === null ? toneOfState(run.state) : toneOfStanding(contrary)}>{words(run.state)}</Chip>
        {contrary === null ? (
          run.substate === null ? null : (
            <small class="soft">{words(run.substate)}</small>
          )
        ) : (
          <small>{standingWords(contrary)}</small>
        )}
      </td>
      <td data-label="Working on">
        {task === null ? (
          <span class="soft">nothing yet</span>
        ) : (
          <>
            {task.purpose} <span class="soft">attempt {task.attempt}</span>
            <small class="soft">{run.epoch === 0 ? 'before the first gate' : `round ${run.epoch}`}</small>
          </>
        )}
      </td>
      <td class="num" data-label="Last record">
        {run.updatedAtMs === null || run.updatedAtMs === 0 ? '' : age(run.updatedAtMs, nowMs)}
        <small class="soft">{run.seq === 0 ? '' : counted(run.seq, 'record')}</small>
      </td>
      <td class="wide" data-label="Blocker">
        {blocker === undefined ? (
          <span class="soft">none</span>
        ) : (
          <>
            {blocker.message}
            <small class="mono soft">{blocker.code}</small>
          </>
        )}
      </td>
      <td data-label="Next">
        {next === undefined ? (
          <span class="soft">nothing to do</span>
        ) : next.command === null ? (
          next.label
        ) : (
          <Command text={next.command} />
        )}
      </td>
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

/**
 * One run at one of its records: chart, scrubber and what is beside them, all of the same sequence.
 *
 * Owns: which sequence is shown, the head of the page, the tabs. Does not own: the parts (scrubber, chart, timeline, tasks, gates, recovery).
 */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { runMachine } from '../../../machines/run/run.machine.ts';
import { taskMachine } from '../../../machines/task/task.machine.ts';
import { RUN_ACTOR } from '../../model/record.ts';
import { contraryStanding } from '../../run/liveness.ts';
import type { RunView } from '../../run/run-view.ts';
import { linkTo, PANELS, type Panel, type Place } from './address.ts';
import { ChartView } from './chart.tsx';
import { chartOf, mainChart } from './chart-graph.ts';
import { Gates } from './gates.tsx';
import type { History, Moment } from './history.ts';
import type { HubState } from './hub-state.ts';
import { lastDecision, type Tone, toneOfStanding } from './journal-marks.ts';
import { Owed } from './owed.tsx';
import { Empty } from './parts.tsx';
import { Recovery } from './recovery.tsx';
import { RunHead } from './run-head.tsx';
import { Scrubber } from './scrubber.tsx';
import { timeAxis } from './task-spans.ts';
import { Tasks } from './tasks.tsx';
import { Timeline } from './timeline.tsx';

interface RunPageProps {
  readonly hub: HubState;
  readonly history: History;
  readonly place: Place;
  readonly go: (change: Partial<Place>) => void;
}

const RUN_CHART = chartOf(runMachine);
const TASK_CHART = chartOf(taskMachine);

/** The page of a run. */
export function RunPage({ hub, history, place, go }: RunPageProps) {
  const { runId } = history;
  const length = history.records.length;
  const newest = hub.runs?.get(runId) ?? null;
  const seq = Math.min(place.seq ?? history.shownSeq, Math.max(history.shownSeq, 1));
  const moment = history.at(seq);
  useEffect(() => hub.tail(place.taskId), [hub, runId, place.taskId]);
  if (length === 0) return <Unfolded newest={newest} hub={hub} runId={runId} />;
  const folded = moment?.view ?? newest;
  const view = place.seq === null && folded !== null && newest !== null ? asItIsNow(folded, newest, hub) : folded;
  if (view === null || (!hub.isCaughtUp && moment === null)) return <Empty title="Reading the journal…" />;
  const show = (next: number | null): void => go({ seq: next });
  const isNewest = place.seq === null;
  return (
    <div class="run-page">
      <RunHead
        view={isNewest ? (newest ?? view) : view}
        liveness={isNewest ? hub.livenessOf(runId) : null}
        decision={lastDecision(history.records.slice(0, seq))}
        isNewest={isNewest}
        nowMs={hub.nowMs()}
      />
      <Scrubber history={history} length={length} seq={seq} isNewest={isNewest} show={show} />
      {history.isWhole ? null : (
        <p class="notice" role="status">
          Folding the journal: {history.foldedSeq} of {length} records
        </p>
      )}
      {history.earlierRules === null ? null : (
        <p class="notice" role="status">
          An earlier version of Pawl wrote this journal, under rules {history.earlierRules}, and this version cannot
          fold it: its records are shown as they are, without the states between them.
        </p>
      )}
      <div class="halves">
        <Charts history={history} moment={moment} taskId={place.taskId} tone={isNewest ? toneNow(hub, runId) : null} />
        <Panels hub={hub} history={history} view={view} seq={seq} place={place} moment={moment} go={go} />
      </div>
    </div>
  );
}

/** What the journal alone does not tell: who drives, what lives, and so what can be done. */
function asItIsNow(folded: RunView, newest: RunView, hub: HubState): RunView {
  const { actions, nextSafeAction } = newest;
  return { ...folded, actions, nextSafeAction, liveness: hub.liveness.get(folded.runId) ?? newest.liveness };
}

function Unfolded({
  newest,
  hub,
  runId,
}: {
  readonly newest: RunView | null;
  readonly hub: HubState;
  readonly runId: string;
}) {
  if (newest === null && hub.runs !== null)
    return (
      <Empty title="No such run">
        The registry has no run <code>{runId}</code>. <a href={linkTo(hub.project?.id ?? null)}>Show all runs</a>
      </Empty>
    );
  if (newest === null || !hub.isCaughtUp) return <Empty title="Reading the journal…" />;
  return (
    <div class="run-page">
      <RunHead view={newest} liveness={hub.livenessOf(runId)} decision={null} isNewest nowMs={hub.nowMs()} />
      <section class="panel alone">
        <Recovery records={[]} view={newest} recovery={hub.recovery} isNewest />
      </section>
    </div>
  );
}

/** The tone of the active states: what is dead or set aside does not look at work. */
function toneNow(hub: HubState, runId: string): Tone | null {
  if (hub.runs?.get(runId)?.kind === 'quarantined') return 'bad';
  const contrary = contraryStanding(hub.livenessOf(runId));
  return contrary === null ? null : toneOfStanding(contrary);
}

function Charts({
  history,
  moment,
  taskId,
  tone,
}: {
  readonly history: History;
  readonly moment: Moment | null;
  readonly taskId: string | null;
  readonly tone: Tone | null;
}) {
  const [isWhole, setWhole] = useState(false);
  const seq = moment?.seq ?? 0;
  const taken = takenEver(history);
  const key = taken.join();
  const runChart = useMemo(() => (isWhole ? RUN_CHART : mainChart(RUN_CHART, new Set(taken))), [isWhole, key]);
  const task = taskId === null ? undefined : moment?.state.children[taskId];
  return (
    <div class={tone === null ? 'charts' : `charts now-${tone}`}>
      <div class="chart-bar">
        <h2>{task === undefined ? 'The run' : 'The run and its task'}</h2>
        <button type="button" class="quiet" aria-pressed={isWhole} onClick={() => setWhole(!isWhole)}>
          Stops and ways back
        </button>
        <Legend />
      </div>
      <div class="chart-row">
        <ChartView
          title={`Statechart of ${history.runId}`}
          chart={runChart}
          whole={RUN_CHART}
          value={moment?.state.root.value}
          counts={history.pathOf(RUN_ACTOR, seq)}
          taken={history.takenBy(RUN_ACTOR, seq)}
        />
        {task === undefined || taskId === null ? null : (
          <ChartView
            title={`Statechart of task ${taskId}`}
            chart={TASK_CHART}
            whole={TASK_CHART}
            value={task.value}
            counts={history.pathOf(taskId, seq)}
            taken={history.takenBy(taskId, seq)}
          />
        )}
      </div>
    </div>
  );
}

/** Every arrow that the run has ever taken, whatever record is shown: the layout stays while one scrubs. */
function takenEver(history: History): readonly string[] {
  return [...history.pathOf(RUN_ACTOR, history.foldedSeq).keys()].filter((id) => id.includes('→')).sort();
}

function Legend() {
  const entries = [
    ['active', 'active'],
    ['last', 'this record'],
    ['past', 'before'],
    ['possible', 'possible'],
  ] as const;
  return (
    <ul class="legend" aria-label="Legend">
      {entries.map(([name, text]) => (
        <li key={name}>
          <span class={`swatch ${name}`} aria-hidden="true" />
          {text}
        </li>
      ))}
    </ul>
  );
}

interface PanelsProps extends RunPageProps {
  readonly view: RunView;
  readonly seq: number;
  readonly moment: Moment | null;
}

const PANEL_NAMES: Readonly<Record<Panel, string>> = {
  timeline: 'Timeline',
  tasks: 'Tasks',
  gates: 'Gates',
  recovery: 'Recovery',
  owed: 'Outbox',
};

function Panels(props: PanelsProps) {
  const { place, go } = props;
  const step = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const next = PANELS[(PANELS.indexOf(place.panel) + by + PANELS.length) % PANELS.length] ?? 'timeline';
    go({ panel: next });
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <section class="panel">
      <div role="tablist" aria-label="Of this run" onKeyDown={step}>
        {PANELS.map((name) => (
          <button
            type="button"
            role="tab"
            key={name}
            id={`tab-${name}`}
            aria-selected={place.panel === name}
            aria-controls="panel"
            tabIndex={place.panel === name ? 0 : -1}
            onClick={() => go({ panel: name })}
          >
            {PANEL_NAMES[name]}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="panel" aria-labelledby={`tab-${place.panel}`} class={`panel-${place.panel}`}>
        <PanelBody {...props} />
      </div>
    </section>
  );
}

function PanelBody({ hub, history, view, seq, place, moment, go }: PanelsProps) {
  const past = useMemo(() => history.records.slice(0, seq), [history, seq, history.records.length]);
  switch (place.panel) {
    case 'timeline':
      return (
        <Timeline
          records={history.records}
          seq={seq}
          divergence={history.divergence}
          show={(next) => go({ seq: next })}
        />
      );
    case 'tasks':
      return (
        <Tasks
          view={view}
          axis={timeAxis(history.records, seq)}
          files={hub.files}
          outputs={hub.outputs}
          atMs={place.seq === null ? null : (history.records[seq - 1]?.atMs ?? 0)}
          standing={place.seq === null ? (hub.livenessOf(history.runId)?.standing ?? null) : null}
          taskId={place.taskId}
          choose={(taskId) => go({ taskId: taskId === place.taskId ? null : taskId })}
        />
      );
    case 'gates':
      return <Gates records={past} view={view} artifacts={hub.artifacts} ask={(path) => hub.ask(path)} />;
    case 'recovery':
      return (
        <Recovery
          records={past}
          view={place.seq === null ? (hub.runs?.get(history.runId) ?? view) : view}
          recovery={hub.recovery}
          isNewest={place.seq === null}
        />
      );
    case 'owed':
      if (history.earlierRules !== null) return <Empty title="Not known">This version cannot fold the journal.</Empty>;
      return <Owed owed={moment?.state.owed ?? []} view={view} atMs={moment?.record.atMs ?? 0} />;
  }
}

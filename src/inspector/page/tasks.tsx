/**
 * The worker tasks of a run: who ran when, and everything that is known of the chosen one.
 *
 * Owns: the bars on their common axis, the list of a task's registers, its output and answer. Does not own: their facts (hub-state, task-spans).
 */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { spanMs } from '../../base/elapsed.ts';
import type { Standing } from '../../run/liveness.ts';
import type { RunView, TaskView } from '../../run/run-view.ts';
import { turnAgent, turnNotes } from '../../turn/turn-words.ts';
import type { TaskFilesView } from '../wire/page-api.ts';
import { toneOfResult, toneOfStanding } from './journal-marks.ts';
import { Chip, Document, Empty, Fact } from './parts.tsx';
import { filesAt } from './task-files-at.ts';
import type { TaskSpan, TimeAxis } from './task-spans.ts';
import { bytes, clock, counted, dayAndClock, duration, words } from './words.ts';

interface TasksProps {
  readonly view: RunView;
  readonly axis: TimeAxis;
  readonly files: Readonly<Record<string, TaskFilesView>>;
  readonly outputs: ReadonlyMap<string, string>;
  readonly taskId: string | null;
  /** The instant of an earlier record that is shown; null at the newest. */
  readonly atMs: number | null;
  /** How the run stands to the world now; null where that is not told. */
  readonly standing: Standing | null;
  readonly choose: (taskId: string) => void;
}

/** Nearer to the end than this is at the end. */
const END_PX = 24;

/** Of more tasks the newest are shown, until all are asked for. */
const SHOWN_MAX = 60;

/** The tasks of the run at the shown record. */
export function Tasks({ view, axis, files, outputs, taskId, atMs, standing, choose }: TasksProps) {
  const [isAll, setAll] = useState(false);
  if (axis.spans.length === 0)
    return <Empty title="No task yet">The run has not asked for a worker at this record.</Empty>;
  const spans = isAll ? axis.spans : axis.spans.slice(-SHOWN_MAX);
  const earlier = axis.spans.length - spans.length;
  const tasks = new Map(view.tasks.map((task) => [task.taskId, task]));
  const chosen = view.tasks.find((task) => task.taskId === taskId);
  return (
    <div class="tasks">
      <div class="axis num soft" aria-hidden="true">
        <span>{clock(axis.fromMs).slice(0, 8)}</span>
        <span>{duration(spanMs(axis.fromMs, axis.toMs))}</span>
        <span>{clock(axis.toMs).slice(0, 8)}</span>
      </div>
      {earlier === 0 ? null : (
        <button type="button" class="quiet more" onClick={() => setAll(true)}>
          Show {counted(earlier, 'earlier task')}
        </button>
      )}
      <ul class="bars" aria-label="Tasks">
        {spans.map((span) => {
          const task = tasks.get(span.taskId);
          return (
            <TaskBar
              key={span.taskId}
              span={span}
              axis={axis}
              task={task}
              isChosen={span.taskId === taskId}
              standing={standing}
              choose={choose}
            />
          );
        })}
      </ul>
      {chosen === undefined ? (
        <p class="soft hint">
          Choose a task: its registers, output and answer appear here, and its own statechart beside the run's.
        </p>
      ) : (
        <TaskDetails
          task={chosen}
          files={filesAt(files[chosen.taskId], chosen, atMs)}
          output={outputs.get(chosen.taskId)}
          isPast={atMs !== null}
        />
      )}
    </div>
  );
}

interface BarProps {
  readonly span: TaskSpan;
  readonly axis: TimeAxis;
  readonly task: TaskView | undefined;
  readonly isChosen: boolean;
  readonly standing: Standing | null;
  readonly choose: (taskId: string) => void;
}

function TaskBar({ span, axis, task, isChosen, standing, choose }: BarProps) {
  const part = (atMs: number): number =>
    Math.min(100, (spanMs(axis.fromMs, atMs) / spanMs(axis.fromMs, axis.toMs)) * 100);
  const endMs = span.endedAtMs ?? axis.toMs;
  const startMs = span.startedAtMs ?? endMs;
  const isOpen = span.result === null && standing !== null && standing !== 'working';
  const tone = isOpen ? toneOfStanding(standing) : toneOfResult(span.result);
  const ran = span.startedAtMs === null ? 'not started' : duration(spanMs(span.startedAtMs, endMs));
  return (
    <li>
      <button type="button" class="task" aria-pressed={isChosen} onClick={() => choose(span.taskId)}>
        <span class="name mono">{span.taskId}</span>
        <span class="axis-line" aria-hidden="true">
          <span
            class="waiting"
            style={{ left: `${part(span.requestedAtMs)}%`, width: `${part(startMs) - part(span.requestedAtMs)}%` }}
          />
          <span
            class={`ran tone-${tone}`}
            style={{ left: `${part(startMs)}%`, width: `max(3px, ${part(endMs) - part(startMs)}%)` }}
          />
          {axis.takeoversAtMs.map((atMs) => (
            <span class="takeover" key={atMs} style={{ left: `${part(atMs)}%` }} />
          ))}
          {span.adoptedAtMs.map((atMs) => (
            <span class="adopted" key={atMs} style={{ left: `${part(atMs)}%` }} />
          ))}
        </span>
        <span class="num soft ran-for">{ran}</span>
        <Chip tone={tone}>{span.result ?? (isOpen ? words(standing) : words(task?.state ?? 'requested'))}</Chip>
      </button>
    </li>
  );
}

function TaskDetails({
  task,
  files,
  output,
  isPast,
}: {
  readonly task: TaskView;
  readonly files: TaskFilesView | undefined;
  readonly output: string | undefined;
  /** An earlier record is shown: files say how things are now. */
  readonly isPast: boolean;
}) {
  const notes = task.turn === null ? [] : turnNotes(task.turn);
  return (
    <article class="task-details" aria-label={`Task ${task.taskId}`}>
      <h3>
        <span class="mono">{task.taskId}</span> <Chip tone={toneOfResult(task.result)}>{words(task.state)}</Chip>
        {task.isAdopted ? <Chip tone="warn">adopted</Chip> : null}
      </h3>
      {files?.outcome?.message ? <p>{files.outcome.message}</p> : null}
      {task.turn === null ? null : (
        <p>
          {turnAgent(task.turn)}
          {notes.length === 0 ? '' : `: ${notes.join('; ')}`}
        </p>
      )}
      <Registers task={task} files={files} />
      {task.reports.length === 0 ? null : (
        <p class="soft">
          Late completions: {task.reports.map(({ entryId, decision }) => `${entryId} (${decision})`).join(', ')}
        </p>
      )}
      <h4>Output</h4>
      {isPast && task.result === null ? (
        <p class="soft">Shown at the newest record only: files keep no history.</p>
      ) : output === undefined || output === '' ? (
        <p class="soft">
          {files === undefined || files.outputBytes === 0
            ? 'The worker has printed nothing.'
            : 'Reading the end of its output…'}
        </p>
      ) : (
        <OutputEnd key={task.taskId} label={`Output of ${task.taskId}`} text={output} />
      )}
      <h4>Answer</h4>
      {files?.completion == null ? (
        <p class="soft">There is no validated answer.</p>
      ) : (
        <Document label="Answer" value={files.completion} />
      )}
    </article>
  );
}

/** The end of an output: opened at its end, and following it while nobody has scrolled up. */
function OutputEnd({ text, label }: { readonly text: string; readonly label: string }) {
  const element = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    if (element.current !== null && isAtEnd.current) element.current.scrollTop = element.current.scrollHeight;
  }, [text]);
  const noteScroll = ({ currentTarget: at }: { readonly currentTarget: HTMLPreElement }): void => {
    isAtEnd.current = at.scrollHeight - at.scrollTop - at.clientHeight < END_PX;
  };
  return (
    <pre ref={element} class="output" tabIndex={0} role="log" aria-label={label} onScroll={noteScroll}>
      {text}
    </pre>
  );
}

function Registers({ task, files }: { readonly task: TaskView; readonly files: TaskFilesView | undefined }) {
  if (files === undefined) return <p class="soft">Its folder cannot be read, or is not there.</p>;
  const { request, claim, agent, outcome } = files;
  return (
    <dl class="facts">
      <Fact name="request">
        {request === null ? (
          <span class="soft">not readable</span>
        ) : (
          `${request.agent}, deadline ${duration(request.deadlineMs)}, isolation ${request.isolation}`
        )}
      </Fact>
      <Fact name="claim">
        {claim === null ? (
          <span class="soft">nobody yet</span>
        ) : claim.kind === 'host' ? (
          `host ${claim.pid} on ${claim.hostname}, ${clock(claim.atMs)}`
        ) : (
          `revoked: ${claim.reason}`
        )}
      </Fact>
      <Fact name="agent.json">
        {agent === null ? (
          <span class="soft">no worker yet</span>
        ) : (
          `pid ${agent.pid}${agent.isNamespaced ? ' in a namespace of its own' : ''}, ${clock(agent.startedAtMs)}${agent.sessionId === null ? '' : `, session ${agent.sessionId}`}`
        )}
      </Fact>
      <Fact name="outcome">
        {outcome === null ? (
          <span class="soft">none yet</span>
        ) : (
          `${outcome.result}, by ${outcome.by}, exit ${outcome.exitCode ?? outcome.signal ?? 'unknown'}, ${dayAndClock(outcome.endedAtMs)}`
        )}
      </Fact>
      <Fact name="output">{`${bytes(files.outputBytes)}, errors ${bytes(files.stderrBytes)}`}</Fact>
      {files.late.length === 0 ? null : <Fact name="late">{files.late.join(', ')}</Fact>}
      {files.unreadable.length === 0 ? null : <Fact name="not readable">{files.unreadable.join(', ')}</Fact>}
      {task.code === null ? null : <Fact name="code">{task.code}</Fact>}
    </dl>
  );
}

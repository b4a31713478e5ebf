/**
 * The projects of a hub that shows several: all of them to choose from, the switch in the head, what is wrong with the chosen one.
 *
 * Owns: those. Does not own: a project's runs (runs), which project is chosen (address).
 */
import { useEffect, useRef } from 'preact/hooks';
import type { ProjectFacts } from '../wire/page-api.ts';
import type { RunCounts } from '../wire/run-kind.ts';
import { linkTo, PROJECTS_LINK } from './address.ts';
import type { Tone } from './journal-marks.ts';
import { Chip, Empty } from './parts.tsx';
import { counted, words } from './words.ts';

/** The tone of the states that have one. */
function toneOfProject({ state, reason }: ProjectFacts): Tone {
  if (state === 'ready') return 'good';
  if (state === 'degraded') return 'bad';
  return reason === null ? 'plain' : 'warn';
}

interface ProjectsProps {
  readonly projects: readonly ProjectFacts[];
  readonly counts: ReadonlyMap<string, RunCounts>;
  /** A project that the address names and that there is not. */
  readonly missing: string | null;
}

/** The first page of a hub of several projects. */
export function Projects({ projects, counts, missing }: ProjectsProps) {
  return (
    <section aria-labelledby="projects-title" class="runs">
      <div class="bar">
        <h1 id="projects-title">Projects</h1>
      </div>
      {missing === null ? null : (
        <p class="notice tone-warn" role="status">
          <span>
            There is no project <code>{missing}</code>.
          </span>
        </p>
      )}
      {projects.length === 0 ? (
        <Empty title="No projects yet">
          Add a repository with <code>pawl project add --path</code>. It appears here by itself.
        </Empty>
      ) : (
        <div class="table-frame">
          <table class="project-table">
            <thead>
              <tr>
                <th scope="col">Project</th>
                <th scope="col">State</th>
                <th scope="col">Runs</th>
              </tr>
            </thead>
            <tbody>
              {projects.map((project) => (
                <ProjectRow key={project.id} project={project} counts={counts.get(project.id ?? '') ?? null} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function ProjectRow({ project, counts }: { readonly project: ProjectFacts; readonly counts: RunCounts | null }) {
  const { id, name, state, reason } = project;
  return (
    <tr data-project={id}>
      <th scope="row">
        <a href={linkTo(id)}>{name}</a>
        {name === id ? null : <small class="mono soft">{id}</small>}
      </th>
      <td>
        <Chip tone={toneOfProject(project)}>{words(state)}</Chip>
        {reason === null ? null : <small>{reason}</small>}
      </td>
      <td>
        <Counts counts={counts} isReadable={state !== 'degraded'} />
      </td>
    </tr>
  );
}

function Counts({ counts, isReadable }: { readonly counts: RunCounts | null; readonly isReadable: boolean }) {
  if (counts === null) return <span class="soft">{isReadable ? 'reading them…' : 'cannot be read'}</span>;
  const { active, blocked, quarantined, terminal } = counts;
  if (active + blocked + quarantined + terminal === 0) return <span class="soft">none yet</span>;
  return (
    <span class="run-counts num">
      {quarantined === 0 ? null : <Chip tone="bad">{quarantined} quarantined</Chip>}
      {blocked === 0 ? null : <Chip tone="warn">{blocked === 1 ? '1 needs you' : `${blocked} need you`}</Chip>}
      {active === 0 ? null : <Chip tone="now">{active} moving</Chip>}
      {terminal === 0 ? null : <span class="soft">{terminal} ended</span>}
    </span>
  );
}

/** What is wrong with the project that is shown; nothing where nothing is. */
export function ProjectNotice({ project }: { readonly project: ProjectFacts | null }) {
  if (project === null || project.reason === null) return null;
  return (
    <p class={`notice tone-${toneOfProject(project)}`} role="status">
      <span>
        <b>{project.name}</b> is {words(project.state)}: {project.reason}
      </span>
    </p>
  );
}

interface SwitchProps {
  readonly projects: readonly ProjectFacts[];
  /** Null while none is chosen. */
  readonly chosen: ProjectFacts | null;
}

/** A list of links that opens from the head: each can be opened in a tab of its own as well. */
export function ProjectSwitch({ projects, chosen }: SwitchProps) {
  const box = useRef<HTMLDetailsElement>(null);
  const close = (): void => {
    if (box.current !== null) box.current.open = false;
  };
  useEffect(() => {
    const elsewhere = ({ target }: Event): void => {
      if (target instanceof Node && box.current?.contains(target) !== true) close();
    };
    const names = ['pointerdown', 'focusin'];
    for (const name of names) addEventListener(name, elsewhere);
    return () => {
      for (const name of names) removeEventListener(name, elsewhere);
    };
  }, []);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || box.current?.open !== true) return;
    close();
    box.current.querySelector('summary')?.focus();
  };
  return (
    <details class="switch" ref={box} onKeyDown={onKeyDown}>
      <summary>
        <span class="hidden">Project: </span>
        {chosen?.name ?? counted(projects.length, 'project')}
      </summary>
      <nav aria-label="Projects">
        <a href={PROJECTS_LINK} onClick={close} aria-current={chosen === null ? 'page' : undefined}>
          All projects
        </a>
        {projects.map((project) => (
          <a
            key={project.id}
            href={linkTo(project.id)}
            onClick={close}
            aria-current={project === chosen ? 'page' : undefined}
          >
            {project.name}
            {project.state === 'ready' ? null : <small class="soft">{words(project.state)}</small>}
          </a>
        ))}
      </nav>
    </details>
  );
}

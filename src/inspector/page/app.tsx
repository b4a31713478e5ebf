/**
 * The whole page: its head, how the line to the hub stands, and the view that the address names.
 *
 * Owns: which view is shown, going from one to another, light and dark. Does not own: the views.
 */
import { useEffect, useErrorBoundary, useRef, useState } from 'preact/hooks';
import { fragmentOf, linkTo, type Place, placeIn } from './address.ts';
import type { LineStatus } from './connection.ts';
import type { HubState } from './hub-state.ts';
import { Empty } from './parts.tsx';
import { ProjectNotice, ProjectSwitch, Projects } from './projects.tsx';
import { ProofPage } from './proof.tsx';
import { RunPage } from './run-page.tsx';
import { Runs } from './runs.tsx';

const AGES_AGAIN_MS = 5_000;

/** The page over what the hub tells. */
export function App({ hub }: { readonly hub: HubState }) {
  const [, redraw] = useState(0);
  const [place, setPlace] = useState<Place>(() => placeIn(location.hash));
  // Two changes may come before the page is drawn anew: the second continues from the first.
  const latest = useRef(place);
  useEffect(() => {
    const again = (): void => redraw((n) => n + 1);
    const stop = hub.subscribe(again);
    const timer = setInterval(again, AGES_AGAIN_MS);
    const onHash = (): void => {
      latest.current = placeIn(location.hash);
      setPlace(latest.current);
    };
    addEventListener('hashchange', onHash);
    return () => {
      stop();
      clearInterval(timer);
      removeEventListener('hashchange', onHash);
    };
  }, [hub]);
  const go = (change: Partial<Place>): void => {
    const next = { ...latest.current, ...change };
    latest.current = next;
    history.replaceState(null, '', fragmentOf(next));
    setPlace(next);
  };
  const given = hub.hello?.project ?? null;
  useEffect(() => {
    // It is the only one: from now on the address names it.
    if (given !== null && place.projectId === null) go({ projectId: given });
  }, [given]);
  useEffect(() => hub.choose(place.projectId), [hub, place.projectId]);
  const named = hub.hello?.runId ?? null;
  useEffect(() => {
    if (named !== null && place.view === 'runs' && location.hash.length < 2) go({ view: 'run', runId: named });
  }, [named]);
  useEffect(
    () => hub.watch(place.view === 'run' ? place.runId : null),
    [hub, place.view, place.runId, place.projectId],
  );
  useEffect(() => {
    if (place.view === 'proof') hub.askProof();
  }, [hub, place.view, place.projectId]);
  const title = titleOf(place, hub);
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <>
      <Masthead hub={hub} place={place} />
      <LineNotice status={hub.status} retry={() => hub.connectNow()} />
      <ProjectNotice project={hub.project} />
      {hub.problem === null ? null : <p class="notice tone-bad">{hub.problem}</p>}
      <main>
        <View hub={hub} place={place} go={go} />
      </main>
    </>
  );
}

function titleOf(place: Place, hub: HubState): string {
  if (place.view === 'run' && place.runId !== null) return `${place.runId} · Pawl`;
  return hub.projects.length > 1 && hub.project !== null ? `${hub.project.name} · Pawl` : 'Pawl inspector';
}

interface ViewProps {
  readonly hub: HubState;
  readonly place: Place;
  readonly go: (change: Partial<Place>) => void;
}

function View({ hub, place, go }: ViewProps) {
  const [fault, tryAgain] = useErrorBoundary();
  useEffect(() => tryAgain(), [place.view, place.runId]);
  if (fault !== undefined && fault !== null) return <Failed fault={fault} tryAgain={tryAgain} />;
  if (isChoosing(hub)) return <Projects projects={hub.projects} counts={hub.counts} missing={place.projectId} />;
  if (place.view === 'proof') return <ProofPage document={hub.proof} />;
  if (place.view === 'run' && hub.history !== null && hub.history.runId === place.runId) {
    return <RunPage key={hub.history.runId} hub={hub} history={hub.history} place={place} go={go} />;
  }
  if (place.view === 'run') return null;
  return (
    <Runs project={hub.project} runs={hub.runs} livenessOf={(runId) => hub.livenessOf(runId)} nowMs={hub.nowMs()} />
  );
}

/** No project is chosen, and there is not the one alone. */
function isChoosing(hub: HubState): boolean {
  return hub.hello !== null && hub.hello.registry === null;
}

function Failed({ fault, tryAgain }: { readonly fault: unknown; readonly tryAgain: () => void }) {
  return (
    <Empty title="This cannot be shown">
      The page has met something that it does not understand. Nothing of the run is touched by that.
      <code class="fault">{String(fault)}</code>
      <button type="button" onClick={tryAgain}>
        Try again
      </button>
    </Empty>
  );
}

function Masthead({ hub, place }: Omit<ViewProps, 'go'>) {
  const { projectId } = place;
  return (
    <header class="masthead">
      <a class="brand" href={linkTo(projectId)}>
        <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
          <path d="M10 2a8 8 0 1 0 8 8" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" />
          <path d="M10 10 L17.5 3.5 L14.6 9.2 z" fill="currentColor" />
        </svg>
        Pawl
      </a>
      {hub.projects.length > 1 ? <ProjectSwitch projects={hub.projects} chosen={hub.project} /> : null}
      <nav aria-label="Views">
        {isChoosing(hub) ? null : (
          <a href={linkTo(projectId)} aria-current={place.view === 'proof' ? undefined : 'page'}>
            Runs
          </a>
        )}
        {hub.hello?.hasProof === true || place.view === 'proof' ? (
          <a href={linkTo(projectId, 'proof')} aria-current={place.view === 'proof' ? 'page' : undefined}>
            Proof
          </a>
        ) : null}
      </nav>
      <span class="registry mono soft" title={hub.hello?.registry ?? ''}>
        {hub.hello?.registry ?? ''}
      </span>
      <LineLamp status={hub.status} />
      <ThemeSwitch />
    </header>
  );
}

const LAMP_WORDS: Readonly<Record<LineStatus['kind'], string>> = {
  connecting: 'connecting',
  live: 'live',
  lost: 'disconnected',
  refused: 'refused',
};

function LineLamp({ status }: { readonly status: LineStatus }) {
  return (
    <span class={`lamp ${status.kind}`} role="status">
      <span aria-hidden="true">{status.kind === 'live' ? '●' : status.kind === 'connecting' ? '○' : '✕'}</span>{' '}
      {LAMP_WORDS[status.kind]}
    </span>
  );
}

const REFUSALS = {
  token:
    'The hub does not know this tab: the token in its address was replaced, or this browser has never opened that address. Open the address that it has printed.',
  version: 'The hub is a different version. Reload the page.',
  malformed: 'The hub did not understand this page. That is our bug: reload the page, and please report it.',
} as const;

function LineNotice({ status, retry }: { readonly status: LineStatus; readonly retry: () => void }) {
  if (status.kind === 'refused')
    return (
      <p class="notice tone-bad" role="alert">
        {REFUSALS[status.reason]}
      </p>
    );
  if (status.kind !== 'lost') return null;
  return (
    <p class="notice tone-warn" role="alert">
      The hub cannot be reached. What is shown is the last that it told; the page connects again by itself and catches
      up (try {status.tries}).
      <button type="button" class="quiet" onClick={retry}>
        Try now
      </button>
    </p>
  );
}

function ThemeSwitch() {
  const [theme, setTheme] = useState(() => localStorage.getItem('pawl.theme') ?? 'auto');
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem('pawl.theme', theme);
  }, [theme]);
  const next = theme === 'auto' ? 'light' : theme === 'light' ? 'dark' : 'auto';
  return (
    <button
      type="button"
      class="quiet"
      onClick={() => setTheme(next)}
      aria-label={`Colours: ${theme}. Change to ${next}`}
    >
      {theme === 'dark' ? '☾' : theme === 'light' ? '☀' : '◐'} {theme}
    </button>
  );
}

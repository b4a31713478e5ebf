/**
 * The place in the page that its address names: `#project=…&run=…&seq=…`.
 *
 * Owns: reading and writing the fragment, where the token is kept. Does not own: what is shown there (app).
 *
 * Invariants: 1. The token leaves the address bar at once: what a person copies from there tells a moment, not the key. 2. Without `seq` the
 * page follows the run's newest record.
 */

/** The tabs beside the chart. */
export const PANELS = ['timeline', 'tasks', 'gates', 'recovery', 'owed'] as const;
/** A tab beside the chart. */
export type Panel = (typeof PANELS)[number];

/** What the page shows. */
export interface Place {
  readonly view: 'runs' | 'run' | 'proof';
  /** Null: none was named. Where there is only one it is shown, else they are shown to choose from. */
  readonly projectId: string | null;
  readonly runId: string | null;
  /** Null: the newest. */
  readonly seq: number | null;
  readonly taskId: string | null;
  readonly panel: Panel;
}

/** The place that a fragment names. */
export function placeIn(fragment: string): Place {
  const facts = new URLSearchParams(fragment.replace(/^#/, ''));
  const runId = facts.get('run');
  const seq = Number(facts.get('seq'));
  const panel = PANELS.find((name) => name === facts.get('panel')) ?? 'timeline';
  return {
    view: runId !== null ? 'run' : facts.get('view') === 'proof' ? 'proof' : 'runs',
    projectId: facts.get('project'),
    runId,
    seq: Number.isInteger(seq) && seq > 0 ? seq : null,
    taskId: facts.get('task'),
    panel,
  };
}

/** The fragment that names a place. */
export function fragmentOf({ view, projectId, runId, seq, taskId, panel }: Place): string {
  const facts = new URLSearchParams();
  if (projectId !== null) facts.set('project', projectId);
  if (view === 'proof') facts.set('view', 'proof');
  if (view === 'run' && runId !== null) {
    facts.set('run', runId);
    if (seq !== null) facts.set('seq', String(seq));
    if (taskId !== null) facts.set('task', taskId);
    if (panel !== 'timeline') facts.set('panel', panel);
  }
  const text = facts.toString();
  return text === '' ? '#' : `#${text}`;
}

/** The address at which projects are chosen. */
export const PROJECTS_LINK = '#view=projects';

/** The address of all runs of a project, or of one view of it. */
export function linkTo(projectId: string | null, view: 'runs' | 'proof' = 'runs'): string {
  if (projectId === null) return `#view=${view}`;
  return fragmentOf({ view, projectId, runId: null, seq: null, taskId: null, panel: 'timeline' });
}

/** The address of a run of a project. */
export function linkToRun(projectId: string | null, runId: string): string {
  return fragmentOf({ view: 'run', projectId, runId, seq: null, taskId: null, panel: 'timeline' });
}

/** The token in an address: in its fragment, or in its query. */
function tokenIn(search: string, fragment: string): string | null {
  return new URLSearchParams(fragment.replace(/^#/, '')).get('token') ?? new URLSearchParams(search).get('token');
}

/** Where the token is kept: the browser's storage for this address, so that a link opens in a new tab as well. */
export interface TokenStore {
  readonly getItem: (name: string) => string | null;
  readonly setItem: (name: string, value: string) => void;
}

const TOKEN_NAME = 'pawl.token';

/** The token of this address, from the address itself or from an earlier load; what is left of the address goes to `rewrite`. */
export function takeToken(
  address: { readonly search: string; readonly hash: string; readonly pathname: string },
  store: TokenStore,
  rewrite: (address: string) => void,
): string {
  const token = tokenIn(address.search, address.hash);
  if (token === null) return store.getItem(TOKEN_NAME) ?? '';
  store.setItem(TOKEN_NAME, token);
  const facts = new URLSearchParams(address.hash.replace(/^#/, ''));
  facts.delete('token');
  rewrite(`${address.pathname}#${facts.toString()}`);
  return token;
}

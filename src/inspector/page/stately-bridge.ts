/**
 * Passes the inspection messages of the hub on into Stately's inspector, which is shown inside of this page.
 *
 * Owns: the handshake's two ends. Does not own: the messages, and what was taken out of them (hub/stately-page).
 *
 * Invariants: 1. Only the inspector's own window, on its own origin, begins the handshake. 2. It begins when that window has loaded: the
 * package sends nothing to one that has not, and does not send it again.
 */
import { createBrowserInspector, type StatelyInspectionEvent } from '@statelyai/inspect';

type Listener = (event: MessageEvent) => void;

/** The window as the package sees it: it hears the inspector alone, and once that can answer. */
class Doorkeeper {
  readonly #frame: HTMLIFrameElement;
  readonly #origin: string;
  readonly #early: MessageEvent[] = [];
  #listener: Listener = () => undefined;
  #isLoaded = false;

  constructor(frame: HTMLIFrameElement, origin: string) {
    this.#frame = frame;
    this.#origin = origin;
    window.addEventListener('message', (event) => this.#heard(event));
  }

  addEventListener(_type: 'message', listener: Listener): void {
    this.#listener = listener;
  }

  loaded(): void {
    this.#isLoaded = true;
    for (const event of this.#early.splice(0)) this.#listener(event);
  }

  #heard(event: MessageEvent): void {
    if (event.source !== this.#frame.contentWindow || event.origin !== this.#origin) return;
    if (this.#isLoaded) this.#listener(event);
    else this.#early.push(event);
  }
}

function elementById(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`bug: there is no #${id}`);
  return found;
}

function frameOf(element: HTMLElement): HTMLIFrameElement {
  if (element instanceof HTMLIFrameElement) return element;
  throw new Error(`bug: #${element.id} is no frame`);
}

const frame = frameOf(elementById('inspector'));
const url = new URL(frame.dataset.url ?? '');
const asked = new URLSearchParams(window.location.hash.slice(1));
const named = Object.fromEntries([...asked].filter(([name]) => name === 'run' || name === 'project'));
// The token leaves the address bar at once: what is copied from there, or kept in the history, opens nothing.
history.replaceState(
  null,
  '',
  Object.keys(named).length === 0
    ? window.location.pathname
    : `${window.location.pathname}#${new URLSearchParams(named)}`,
);
elementById('host').textContent = url.host;

const doorkeeper = new Doorkeeper(frame, url.origin);
const inspector = createBrowserInspector({
  url: url.href,
  iframe: frame,
  window: doorkeeper as object as Window,
  serialize: (event) => event,
  maxDeferredEvents: Number.POSITIVE_INFINITY,
});
// After the package's own listener for it: then it knows the window that it is to send to.
frame.addEventListener('load', () => doorkeeper.loaded());

const query = new URLSearchParams({
  token: asked.get('token') ?? '',
  for: 'outside',
  ...named,
});
const socket = new WebSocket(`${window.location.origin.replace(/^http/, 'ws')}/inspect?${query}`);
socket.onmessage = ({ data }) => inspector.adapter.send(JSON.parse(String(data)) as StatelyInspectionEvent);
socket.onclose = () => {
  elementById('line').textContent = 'The connection to pawl inspect was lost: open its address again.';
};

/**
 * How the daemon stands, seen from outside.
 *
 * Owns: that judgement, from its lock, from `daemon.json` and from its own answers. Does not own: each of them (store/home, app/daemon/asking).
 * Free of zod and xstate: `status` starts with it. Read-only: no lock.
 *
 * Invariants: 1. The lock alone says whether a daemon lives; `daemon.json` only says where it can be asked, and counts only if it is of the holder's generation.
 * 2. A daemon is ready only if it says so itself.
 */

import { spanMs } from '../../base/elapsed.ts';
import { type Holder, isReleased } from '../../store/generation-lock.ts';
import type { DaemonFile } from '../../store/home/daemon-file.ts';
import { readDaemonFile } from '../../store/home/daemon-file.ts';
import { readHomeHolder } from '../../store/home/home-lock.ts';
import { ask } from './asking.ts';
import { CLIENT_BOUNDS } from './daemon-bounds.ts';
import type { DaemonPlace } from './daemon-place.ts';

/** `stale`: the last daemon was killed, or has left its `daemon.json`; the next start clears that up. */
export type DaemonState = 'stopped' | 'starting' | 'recovering' | 'ready' | 'stale' | 'unhealthy';

/** How the daemon stands. */
export interface Standing {
  readonly state: DaemonState;
  /** What the daemon says of itself; of one that is gone, what it has left. */
  readonly daemon: DaemonFile | null;
  /** The process that holds the lock; null when nobody does, or the lock cannot be read. */
  readonly holderPid: number | null;
  /** Why it stands so, in words; empty where there is nothing to say. */
  readonly detail: string;
}

type Judgement = Pick<Standing, 'state' | 'detail'>;

/** How the daemon of this state folder stands now. */
export async function standingOf(place: DaemonPlace): Promise<Standing> {
  const { files, home, processes } = place;
  const holder = readHomeHolder(files, home, processes);
  const left = readDaemonFile(files, home);
  const daemon = left?.generation === holder.generation ? left : null;
  if (holder.kind === 'free') return { daemon, holderPid: null, ...afterwards(place, holder) };
  const holderPid = holder.content?.holder.pid ?? null;
  return { daemon, holderPid, ...(await meanwhile(place, holder, daemon)) };
}

/** With nobody there. */
function afterwards({ files, home }: DaemonPlace, { content }: Holder): Judgement {
  if (content !== null && !isReleased(files, home, content))
    return { state: 'stale', detail: `the last daemon, process ${content.holder.pid}, has not ended in order` };
  if (files.exists(home.daemonFile)) return { state: 'stale', detail: `${home.daemonFile} was left behind` };
  return { state: 'stopped', detail: '' };
}

/** With somebody there, or perhaps there. */
async function meanwhile(place: DaemonPlace, holder: Holder, daemon: DaemonFile | null): Promise<Judgement> {
  if (daemon === null) return unheard(place, holder, 'it does not say yet where it listens');
  const { socket } = daemon;
  const ready = await ask({ socket, method: 'GET', path: '/readyz' }, place.clock);
  if (ready.kind === 'nobodyListens') return unheard(place, holder, `nobody listens on ${socket}`);
  if (ready.kind === 'silent') return { state: 'unhealthy', detail: `${socket} gives no answer: ${ready.why}` };
  if (ready.status === HTTP_OK) return { state: 'ready', detail: '' };
  if (ready.status !== HTTP_UNAVAILABLE) return { state: 'unhealthy', detail: `/readyz answers ${ready.status}` };
  return { state: 'recovering', detail: recoveryIn(ready.body) };
}

const HTTP_OK = 200;
const HTTP_UNAVAILABLE = 503;

/** One that cannot be asked is starting for a while, if it is known to live. */
function unheard({ clock }: DaemonPlace, { kind, content }: Holder, detail: string): Judgement {
  if (content === null) return { state: 'unhealthy', detail: 'its lock cannot be read' };
  const { pid, hostname } = content.holder;
  if (kind === 'unknown')
    return { state: 'unhealthy', detail: `it cannot be told from here whether process ${pid} on ${hostname} lives` };
  const nowMs = clock.nowMs();
  // Both ways: a clock that was set back makes nobody young for long.
  const ageMs = Math.max(spanMs(content.atMs, nowMs), spanMs(nowMs, content.atMs));
  const isYoung = ageMs <= CLIENT_BOUNDS.listenMs;
  return { state: isYoung ? 'starting' : 'unhealthy', detail };
}

/** What is being recovered, by the names that the daemon gives. */
function recoveryIn({ state, recovering }: Readonly<Record<string, unknown>>): string {
  if (state === 'stopping') return 'it is stopping';
  const names = Array.isArray(recovering) ? recovering.flatMap(nameOf) : [];
  return names.length === 0 ? '' : `recovering ${names.join(', ')}`;
}

function nameOf(entry: unknown): readonly string[] {
  if (typeof entry === 'string') return [entry];
  const isNamed = typeof entry === 'object' && entry !== null && 'project' in entry;
  return isNamed && typeof entry.project === 'string' ? [entry.project] : [];
}

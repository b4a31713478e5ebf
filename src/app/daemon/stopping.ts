/**
 * Stopping the daemon, and waiting until its process has gone.
 *
 * Owns: asking it, the signal where it gives no answer, the wait. Does not own: how it ends.
 *
 * Invariants: 1. Nothing is signalled, and nothing counts as gone, but the very process that holds the lock, by its identity. 2. Workers go on.
 */
import { PawlError } from '../../model/error.ts';
import { readDaemonFile } from '../../store/home/daemon-file.ts';
import { assertDaemonKnown, readHomeHolder } from '../../store/home/home-lock.ts';
import { ask } from './asking.ts';
import { CLIENT_BOUNDS } from './daemon-bounds.ts';
import type { DaemonPlace } from './daemon-place.ts';

/** No daemon runs any more. */
export interface Stopped {
  /** `absent`: none ran. */
  readonly outcome: 'stopped' | 'absent';
  readonly pid: number | null;
  /** `signalled`: it did not answer that it will end. Null where none ran. */
  readonly how: 'asked' | 'signalled' | null;
}

/** No daemon runs for this state folder. Throws PAWL_DAEMON_UNKNOWN where that cannot be told, PAWL_DAEMON_FAILED when it has not ended in time. */
export async function stopDaemon(place: DaemonPlace, timeoutMs: number): Promise<Stopped> {
  const { files, home, clock, processes } = place;
  const endMs = clock.monotonicMs() + timeoutMs;
  assertDaemonKnown(files, home, processes);
  const { kind, content, generation } = readHomeHolder(files, home, processes);
  if (kind === 'free' || content === null) return { outcome: 'absent', pid: null, how: null };
  const { holder } = content;
  const how = (await isAsked(place, generation)) ? 'asked' : 'signalled';
  if (how === 'signalled') processes.signal(holder, 'SIGTERM');
  while (processes.life(holder) !== 'dead') {
    if (clock.monotonicMs() >= endMs) throw late(place, holder.pid, timeoutMs);
    await new Promise<void>((resolve) => {
      clock.timer(CLIENT_BOUNDS.pollMs, resolve);
    });
  }
  return { outcome: 'stopped', pid: holder.pid, how };
}

/** True when the daemon of that generation was told to end, and says that it will. */
async function isAsked({ files, home, clock }: DaemonPlace, generation: number): Promise<boolean> {
  const daemon = readDaemonFile(files, home);
  if (daemon?.generation !== generation) return false;
  const heard = await ask({ socket: daemon.socket, method: 'POST', path: '/shutdown' }, clock);
  return heard.kind === 'answered' && heard.status >= 200 && heard.status < 300;
}

function late({ home }: DaemonPlace, pid: number, timeoutMs: number): PawlError {
  return new PawlError({
    code: 'PAWL_DAEMON_FAILED',
    message: `The daemon for ${home.root} (process ${pid}) has not ended within ${timeoutMs / 1_000} s.`,
    subject: home.root,
    hint: 'It was told to end: wait for it with `pawl stop --timeout 120`, and see its log. Workers go on in any case.',
    kind: 'retryable',
  });
}

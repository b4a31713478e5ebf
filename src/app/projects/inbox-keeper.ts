/**
 * Keeps the inbox of a registry that is driven here from growing for ever.
 *
 * Owns: when decided commands are forgotten: at the start and then every hour, while no command is under way. Does not own: which ones (store/inbox-retention),
 * deciding (engine/inbox-desk).
 *
 * Invariant: what cannot be removed now is tried again, and keeps nothing from being driven; a failed sync or a lost lock ends the driver like any other.
 */
import type { Driver } from '../../engine/driver.ts';
import type { InboxDesk } from '../../engine/inbox-desk.ts';
import { stopsOneRun } from '../../engine/live-run.ts';
import { shortSleep } from '../../engine/short-sleep.ts';
import { PawlError } from '../../model/error.ts';
import { INBOX_KEPT } from '../../store/inbox-retention.ts';

const AGAIN_MS = 3_600_000;
/** Where commands are under way, it is looked again. */
const BUSY_MS = 5_000;

/** Forgets commands until `signal` aborts. */
export async function keepInbox(driver: Driver, desk: InboxDesk, signal: AbortSignal): Promise<void> {
  const { clock } = driver.world;
  let dueMs = clock.monotonicMs();
  while (!signal.aborted) {
    if (clock.monotonicMs() >= dueMs && desk.isIdle) {
      const isDone = await forgetOld(driver, () => desk.isIdle && !signal.aborted);
      if (isDone) dueMs = clock.monotonicMs() + AGAIN_MS;
    }
    await shortSleep(clock, Math.max(BUSY_MS, dueMs - clock.monotonicMs()), signal);
  }
}

/** False where it was cut off. */
async function forgetOld(driver: Driver, mayGoOn: () => boolean): Promise<boolean> {
  const { inbox, lock, log } = driver.world;
  try {
    const forgotten = await inbox.forget(lock.generation, { ...INBOX_KEPT, mayGoOn });
    if (forgotten > 0) log(`the inbox: ${forgotten} commands that were decided long ago are forgotten`);
    return mayGoOn();
  } catch (error) {
    if (!(error instanceof PawlError) || !stopsOneRun(error)) driver.end(error);
    else log(`the inbox keeps old commands: ${error.code}: ${error.message}`);
    return true;
  }
}

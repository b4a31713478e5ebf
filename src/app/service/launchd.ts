/**
 * The manager of a user's services on macOS: launchd.
 *
 * Owns: where the property list is, the calls of launchctl, what their output means. Does not own: the list's text (plist-text).
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LABEL, plistText } from './plist-text.ts';
import type { ServiceFacts } from './service-facts.ts';
import {
  demand,
  type ManagerCall,
  reasonOf,
  type ServiceManager,
  type Standing,
  unsupported,
} from './service-manager.ts';

const LOOK_MS = 200;

/** launchd for the user `uid`, whose home is `userHome`. */
export function launchd(
  call: ManagerCall,
  facts: ServiceFacts,
  { userHome, uid }: { readonly userHome: string; readonly uid: number },
): ServiceManager {
  const domain = `gui/${uid}`;
  const target = `${domain}/${LABEL}`;
  const file = join(userHome, 'Library/LaunchAgents', `${LABEL}.plist`);
  const launchctl = (...args: readonly string[]) => demand(call, 'launchctl', args);
  const stop = async (): Promise<void> => {
    if (!(await isLoaded(call, target))) return;
    await launchctl('bootout', target);
    // bootout may return before the daemon has ended, and nothing is loaded beside it meanwhile.
    for (let waitedMs = 0; waitedMs < facts.stopSeconds * 1_000; waitedMs += LOOK_MS) {
      if (!(await isLoaded(call, target))) return;
      await sleep(LOOK_MS);
    }
  };
  return {
    name: 'launchd',
    file,
    text: plistText(facts),
    standing: () => standing(call, domain, target),
    start: async (isReplaced) => {
      if (isReplaced) await stop();
      await launchctl('enable', target);
      if (await isLoaded(call, target)) await launchctl('kickstart', target);
      else await launchctl('bootstrap', domain, file);
    },
    stop,
    forget: async () => undefined,
  };
}

async function isLoaded(call: ManagerCall, target: string): Promise<boolean> {
  const printed = await call('launchctl', ['print', target]);
  return printed.status === 'exited' && printed.code === 0;
}

async function standing(call: ManagerCall, domain: string, target: string): Promise<Standing> {
  const disabled = await call('launchctl', ['print-disabled', domain]);
  if (disabled.status !== 'exited' || disabled.code !== 0)
    throw unsupported(`launchd does not answer for ${domain}: ${reasonOf(disabled)}`);
  const printed = await call('launchctl', ['print', target]);
  const text = printed.status === 'exited' && printed.code === 0 ? printed.stdout : null;
  const pid = /^\s*pid = (\d+)$/m.exec(text ?? '')?.[1];
  return {
    isEnabled: text !== null && !new RegExp(`"${LABEL}" => (?:disabled|true)`).test(disabled.stdout),
    isRunning: pid !== undefined,
    pid: pid === undefined ? null : Number(pid),
    isLingering: null,
  };
}

/**
 * The manager of a user's services on Linux: systemd.
 *
 * Owns: where the unit is, the calls of systemctl and loginctl, what their output means. Does not own: the unit's text (unit-text).
 */
import { join } from 'node:path';
import { folderNamed, type ServiceFacts, type Variables } from './service-facts.ts';
import {
  demand,
  type ManagerCall,
  reasonOf,
  type ServiceManager,
  type Standing,
  unsupported,
} from './service-manager.ts';
import { UNIT, unitText } from './unit-text.ts';

/** systemd for the user `uid`. */
export function systemd(
  call: ManagerCall,
  facts: ServiceFacts,
  place: { readonly environment: Variables; readonly userHome: string; readonly uid: number },
): ServiceManager {
  const systemctl = (...args: readonly string[]) => demand(call, 'systemctl', ['--user', ...args]);
  return {
    name: 'systemd',
    file: join(
      folderNamed(place.environment, 'XDG_CONFIG_HOME', join(place.userHome, '.config')),
      'systemd/user',
      UNIT,
    ),
    text: unitText(facts),
    standing: () => standing(call, place.uid),
    start: async (isReplaced) => {
      await systemctl('daemon-reload');
      await systemctl('enable', '--now', UNIT);
      if (isReplaced) await systemctl('restart', UNIT);
    },
    stop: async () => {
      await systemctl('disable', '--now', UNIT);
    },
    forget: async () => {
      await systemctl('daemon-reload');
    },
  };
}

async function standing(call: ManagerCall, uid: number): Promise<Standing> {
  const argv = ['--user', 'show', '--property=UnitFileState,ActiveState,MainPID', UNIT];
  const shown = await call('systemctl', argv);
  if (shown.status !== 'exited' || shown.code !== 0)
    throw unsupported(`No systemd manager of this user answers: ${reasonOf(shown)}`);
  const pid = Number(propertyOf(shown.stdout, 'MainPID'));
  return {
    isEnabled: propertyOf(shown.stdout, 'UnitFileState') === 'enabled',
    isRunning: propertyOf(shown.stdout, 'ActiveState') === 'active',
    pid: Number.isInteger(pid) && pid > 0 ? pid : null,
    isLingering: await isLingering(call, uid),
  };
}

async function isLingering(call: ManagerCall, uid: number): Promise<boolean | null> {
  const shown = await call('loginctl', ['show-user', String(uid), '--property=Linger']);
  if (shown.status !== 'exited' || shown.code !== 0) return null;
  const linger = propertyOf(shown.stdout, 'Linger');
  return linger === null ? null : linger === 'yes';
}

function propertyOf(shown: string, name: string): string | null {
  const line = shown.split('\n').find((each) => each.startsWith(`${name}=`));
  return line === undefined ? null : line.slice(name.length + 1);
}

/**
 * `pawl service`: the daemon as a service of the user.
 *
 * Owns: its arguments and output, which manager this platform has, how its programs are called. Does not own: what is done (app/service).
 */
import { homedir } from 'node:os';
import { runBounded } from '../../adapters/agents/bounded-command.ts';
import { builtPath } from '../../adapters/built-path.ts';
import { nodeFs } from '../../adapters/node-fs.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import type { CommonOptions } from '../../app/options.ts';
import { launchd } from '../../app/service/launchd.ts';
import {
  type Installed,
  installService,
  type ServiceStatus,
  serviceStatus,
  uninstallService,
} from '../../app/service/service.ts';
import { SERVICE_BOUNDS, type ServiceFacts, serviceFacts } from '../../app/service/service-facts.ts';
import { type ManagerCall, type ServiceManager, unsupported } from '../../app/service/service-manager.ts';
import { systemd } from '../../app/service/systemd.ts';
import { quote } from '../../base/sanitise.ts';
import { visible } from '../../base/visible.ts';
import { EXIT } from '../../model/error-codes.ts';
import { Files } from '../../store/files.ts';
import type { Output } from '../output.ts';
import { usageError } from '../usage-error.ts';

/** Options of `pawl service`. */
export interface ServiceOptions extends CommonOptions {
  readonly force?: boolean;
}

type Outcome = Installed | 'removed' | 'absent' | null;

const DONE: Readonly<Record<NonNullable<Outcome>, string>> = {
  installed: 'Installed and started.',
  replaced: 'Replaced and started anew.',
  started: 'It was installed already, and was started.',
  unchanged: 'It is installed and running already; nothing was changed.',
  removed: 'Stopped and removed. Workers go on under their hosts.',
  absent: 'There is no service; nothing was changed.',
};

/** Does what the action says, and shows how the service stands then. */
export async function service(
  output: Output,
  options: ServiceOptions,
  [action = '']: readonly string[],
): Promise<number> {
  const userHome = homedir();
  const files = new Files(nodeFs, systemClock, [userHome]);
  const facts = serviceFacts(process.env, { node: process.execPath, program: builtPath('cli/main.js'), userHome });
  const outcome = await perform(action, files, () => managerHere(facts, userHome), options.force === true);
  const status = await serviceStatus(files, managerHere(facts, userHome));
  output.json({ ...status, logFile: facts.logFile, outcome });
  for (const line of statusLines(output, status, facts, outcome)) output.line(line);
  return EXIT.done;
}

async function perform(
  action: string,
  files: Files,
  manager: () => ServiceManager,
  isForced: boolean,
): Promise<Outcome> {
  if (isForced && action !== 'install') throw usageError('service', '--force is an option of pawl service install.');
  switch (action) {
    case 'install':
      return installService(files, manager(), isForced);
    case 'uninstall':
      return (await uninstallService(files, manager())) ? 'removed' : 'absent';
    case 'status':
      return null;
    default:
      throw usageError('service', `An action is one of install, uninstall, status, not ${quote(action)}.`);
  }
}

function managerHere(facts: ServiceFacts, userHome: string): ServiceManager {
  const uid = process.getuid?.() ?? 0;
  if (process.platform === 'linux') return systemd(call, facts, { environment: process.env, userHome, uid });
  if (process.platform === 'darwin') return launchd(call, facts, { userHome, uid });
  throw unsupported(`pawl service knows systemd and launchd; this is ${process.platform}.`);
}

const call: ManagerCall = (program, args) =>
  runBounded({
    path: program,
    args,
    cwd: '/',
    env: { ...definedOf(process.env), LC_ALL: 'C' },
    timeMs: SERVICE_BOUNDS.callMs,
    outputBytesMax: SERVICE_BOUNDS.callOutputBytes,
  });

function definedOf(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function statusLines(output: Output, status: ServiceStatus, facts: ServiceFacts, outcome: Outcome): string[] {
  const { dim } = output.colour;
  const { isInstalled, isEnabled, isRunning, pid, differences, isLingering } = status;
  const done = outcome === null ? [] : [DONE[outcome]];
  if (!isInstalled) return outcome === null ? [`not installed  ${dim(visible(status.file))}`] : done;
  const running = isRunning ? `running${pid === null ? '' : ` (pid ${pid})`}` : 'not running';
  return [
    ...done,
    `service    ${running}, ${isEnabled ? 'starts at login' : 'not enabled'} (${status.manager})`,
    `file       ${visible(status.file)}${status.ownership === 'ours' ? '' : `, ${status.ownership}`}`,
    ...(differences.length === 0 ? [] : ['           differs from what `pawl service install` would write:']),
    ...differences.map((line) => `             ${visible(line)}`),
    `log        ${visible(facts.logFile)}`,
    ...lingerLines(isLingering),
  ];
}

/** systemd ends the services of a user with the last login, unless told otherwise. */
function lingerLines(isLingering: boolean | null): string[] {
  if (isLingering === true) return ['linger     yes: it runs without a login'];
  if (isLingering === null) return [];
  return ['linger     no: it ends with your last login. To keep it running:', '           loginctl enable-linger'];
}

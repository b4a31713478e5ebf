/**
 * The operator's `notify`: which command it is, and the hooks through which a driver calls it.
 *
 * Owns: the choice between flag and config, refusing a command that needs a shell. Does not own: what is reported (engine/notices), the call
 * (adapters/processes/notifier).
 *
 * Invariant (L8): nothing is called that the operator has not named, by flag or config.
 */
import { resolve } from 'node:path';
import { commandNotifier } from '../adapters/processes/notifier.ts';
import { quote } from '../base/sanitise.ts';
import type { DriverOptions } from '../engine/driver-options.ts';
import { Notices } from '../engine/notices.ts';
import type { Config } from '../model/config.ts';
import { type ErrorDetails, PawlError } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import { splitCommand } from '../packets/allow-list.ts';
import type { Places } from './options.ts';

type Argv = readonly [string, ...string[]];
type Refused = Pick<ErrorDetails, 'code' | 'subject' | 'hint'>;

/** The notices of a driver; null when none are configured. Throws PAWL_USAGE and PAWL_CONFIG_INVALID for a command that needs a shell. */
export function noticesFor(
  places: Places,
  config: Config,
  option: string | undefined,
  log: (line: string) => void,
): Notices | null {
  const argv = option === undefined ? configured(places, config) : named(places, option);
  if (argv === null) return null;
  const { files, paths, repository } = places;
  return new Notices({ files, paths }, commandNotifier(argv, repository.mainWorktree, BOUNDS.noticeMs), log);
}

/** A driver's hooks, which report through `notices` and still call `onRecord`. */
export function noticeHooks(
  notices: Notices | null,
  onRecord: DriverOptions['onRecord'],
): Pick<DriverOptions, 'onRecord' | 'onBroughtBack' | 'onAside'> {
  if (notices === null) return onRecord === undefined ? {} : { onRecord };
  const { onBroughtBack, onAside } = notices;
  return {
    onBroughtBack,
    onAside,
    onRecord: (run, record) => {
      onRecord?.(run, record);
      notices.onRecord(run, record);
    },
  };
}

/** Returns when the config's `notify` can be called without a shell. Throws PAWL_CONFIG_INVALID. */
export function assertNotify(config: Config, configFile: string): void {
  if (typeof config.notify === 'string') words(config.notify, configRefused(configFile));
}

function named({ cwd }: Places, option: string): Argv {
  const refused: Refused = {
    code: 'PAWL_USAGE',
    subject: '--notify',
    hint: 'Name a program and its arguments; for anything more, use a script.',
  };
  return inFolder(words(option, refused), cwd);
}

function configured({ configFile }: Places, { notify }: Config): Argv | null {
  if (notify === undefined) return null;
  const argv = typeof notify === 'string' ? words(notify, configRefused(configFile)) : notify;
  return inFolder(argv, configFile.slice(0, configFile.lastIndexOf('/')));
}

function configRefused(configFile: string): Refused {
  const hint = 'Name a program and its arguments, as a string or a list; for anything more, use a script.';
  return { code: 'PAWL_CONFIG_INVALID', subject: configFile, hint };
}

function words(command: string, refused: Refused): Argv {
  const split = splitCommand(command);
  const [program, ...args] = split.kind === 'split' ? split.argv : [];
  if (program !== undefined) return [program, ...args];
  const why = split.kind === 'refused' ? split.message : 'it is empty';
  throw new PawlError({ ...refused, message: `notify ${quote(command)} cannot be called without a shell: ${why}.` });
}

/** A program that is named by a relative path is resolved against the folder; a plain name is looked up on PATH. */
function inFolder([program, ...args]: Argv, folder: string): Argv {
  return [program.includes('/') ? resolve(folder, program) : program, ...args];
}

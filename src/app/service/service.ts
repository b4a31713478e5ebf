/**
 * The daemon as a service of the user: installed, removed, looked at.
 *
 * Owns: when the service file is written or left alone, the order of file and manager. Does not own: the managers (systemd, launchd), the marks
 * (service-mark), what is printed (cli/commands/service).
 *
 * Invariants: 1. A file that somebody has edited, or that is not ours, is overwritten only by force, and one that is not ours is never removed.
 * 2. A file that is as it should be is not written again. 3. Whatever fails, the same call again goes on where this one ended.
 */
import { dirname } from 'node:path';
import { PawlError } from '../../model/error.ts';
import type { Files } from '../../store/files.ts';
import { attempt } from '../../store/store-errors.ts';
import { SERVICE_BOUNDS } from './service-facts.ts';
import type { ServiceManager, Standing } from './service-manager.ts';
import { differencesOf, type Ownership, ownershipOf } from './service-mark.ts';

/** How the service stands. */
export interface ServiceStatus extends Standing {
  readonly manager: ServiceManager['name'];
  readonly file: string;
  readonly isInstalled: boolean;
  /** Null when it is not installed. */
  readonly ownership: Ownership | null;
  /** How the file differs from what would be installed. */
  readonly differences: readonly string[];
}

/** What an installation did. */
export type Installed = 'installed' | 'replaced' | 'started' | 'unchanged';

/** The service as it stands now. Throws PAWL_SERVICE_UNSUPPORTED. */
export async function serviceStatus(files: Files, manager: ServiceManager): Promise<ServiceStatus> {
  const standing = await manager.standing();
  const present = textOf(files, manager.file);
  return {
    manager: manager.name,
    file: manager.file,
    isInstalled: present !== null,
    ownership: present === null ? null : ownershipOf(present),
    differences: present === null ? [] : differencesOf(present, manager.text),
    ...standing,
  };
}

/** The service is installed, enabled and running. Throws PAWL_SERVICE_UNSUPPORTED, PAWL_SERVICE_EDITED, PAWL_SERVICE_FAILED. */
export async function installService(files: Files, manager: ServiceManager, isForced: boolean): Promise<Installed> {
  const { isEnabled, isRunning } = await manager.standing();
  const present = textOf(files, manager.file);
  if (present === manager.text) {
    if (isEnabled && isRunning) return 'unchanged';
    await manager.start(false);
    return 'started';
  }
  if (present !== null && ownershipOf(present) !== 'ours' && !isForced) throw edited(manager, present);
  await files.ensureFolders([dirname(manager.file)]);
  await files.writeDurable(manager.file, new TextEncoder().encode(manager.text));
  await manager.start(present !== null && isRunning);
  return present === null ? 'installed' : 'replaced';
}

/** The service is stopped and its file removed; false when there was none. Throws PAWL_SERVICE_UNSUPPORTED, PAWL_SERVICE_FOREIGN, PAWL_SERVICE_FAILED. */
export async function uninstallService(files: Files, manager: ServiceManager): Promise<boolean> {
  await manager.standing();
  const present = textOf(files, manager.file);
  if (present === null) return false;
  if (ownershipOf(present) === 'foreign') throw foreign(manager);
  await manager.stop();
  attempt('remove', manager.file, () => files.fs.unlink(manager.file));
  await files.syncFolder(dirname(manager.file));
  await manager.forget();
  return true;
}

function textOf(files: Files, path: string): string | null {
  const bytes = files.readBytes(path, SERVICE_BOUNDS.fileBytes);
  return bytes === null ? null : new TextDecoder().decode(bytes);
}

function edited({ file, text }: ServiceManager, present: string): PawlError {
  const differences = differencesOf(present, text);
  const more = differences.length - SERVICE_BOUNDS.differencesNamed;
  const named = differences.slice(0, SERVICE_BOUNDS.differencesNamed).join('; ');
  const whose = ownershipOf(present) === 'edited' ? 'was edited' : 'was not written by Pawl';
  return new PawlError({
    code: 'PAWL_SERVICE_EDITED',
    message: `${file} ${whose} and is left as it is. ${named === '' ? 'Only its order differs' : `It differs: ${named}`}${more > 0 ? `; and ${more} more` : ''}.`,
    subject: file,
    hint: 'Keep settings of your own in a drop-in file, or overwrite this one with --force.',
  });
}

function foreign({ file }: ServiceManager): PawlError {
  return new PawlError({
    code: 'PAWL_SERVICE_FOREIGN',
    message: `${file} was not written by Pawl and is not removed.`,
    subject: file,
    hint: 'Remove it by hand if it is no longer needed.',
  });
}

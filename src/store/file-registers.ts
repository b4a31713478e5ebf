/**
 * Registers as files, behind their port.
 *
 * Owns: putting the port together. Does not own: linking and reading one (store/register), folders (store/files).
 */
import type { Registers } from '../ports/registers.ts';
import type { Files } from './files.ts';
import { linkRegister, readRegister, readSettledRegister } from './register.ts';
import { attempt } from './store-errors.ts';

/** The registers of a registry that is kept as files. */
export function fileRegisters(files: Files): Registers {
  return {
    link: (path, bytes, bytesMax) => linkRegister(files, path, bytes, bytesMax),
    read: async (path, bytesMax) => readRegister(files, path, bytesMax),
    readSettled: (path, bytesMax) => readSettledRegister(files, path, bytesMax),
    has: async (path) => files.exists(path),
    names: async (folder) => files.listNames(folder),
    makeFolders: (folders, later) => files.ensureFolders(folders, later),
    settle: (folder) => files.syncFolder(folder),
    changedAtMs: async (path) => attempt('look at', path, () => files.fs.stat(path))?.mtimeMs ?? null,
    watch: (folder, onChange) => files.fs.watch(folder, onChange),
  };
}

/**
 * What git's configuration tells of the user and of where the repository comes from.
 *
 * Owns: those questions. Does not own: who commits for Pawl (identity).
 */
import { askGit } from './locate.ts';

/** `Name <email>`, or what of it is configured; null when nothing is. */
export function configuredUser(folder: string, environment: NodeJS.ProcessEnv = process.env): string | null {
  const [name, email] = ['user.name', 'user.email'].map((key) => setting(folder, key, environment));
  if (name && email) return `${name} <${email}>`;
  return name || email || null;
}

/** The repository that `origin` is, as `owner/name`; null when there is no origin, or its address has no such part. */
export function originRepository(folder: string, environment: NodeJS.ProcessEnv = process.env): string | null {
  const url = setting(folder, 'remote.origin.url', environment);
  return repositoryIn(url ?? '');
}

/** `owner/name` of the address of a remote repository on another host; null for any other. */
export function repositoryIn(url: string): string | null {
  const path = /^(?:[a-z+]+:\/\/(?:[^@/]+@)?[^/]+\/|(?:[^@/:]+@)?[\w.-]+:(?!\/))(.+?)(?:\.git)?\/*$/i.exec(url)?.[1];
  return path !== undefined && /^[\w.-]+\/[\w.-]+$/.test(path) && !/^file:/i.test(url) ? path : null;
}

function setting(folder: string, key: string, environment: NodeJS.ProcessEnv): string | null {
  const value = askGit(folder, ['config', '--get', key], environment)?.trim() ?? '';
  return value === '' ? null : value;
}

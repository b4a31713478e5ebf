/**
 * Cleaning and checking that the daemon does, because it holds the registry.
 *
 * Owns: asking it until everything is done, its answers as those of this process. Does not own: doing it (app/cleaning, app/projects/project-engine), what is
 * shown (cli/commands/clean, cli/commands/recover).
 */
import type { Cleaned, CleanedRun, CleanOrder } from '../app/cleaning.ts';
import type { Places } from '../app/options.ts';
import type { Recovered } from '../app/recovering.ts';
import type { Answer } from '../client/client.ts';
import { lookAtAll } from '../engine/run-look.ts';
import { PawlError } from '../model/error.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import { type DaemonLink, throughDaemon } from './daemon-link.ts';

/** Everything that was asked for is removed, part after part. */
export async function cleanByDaemon(
  { client, project }: DaemonLink,
  { limits, removesFolders, keepsBranches }: CleanOrder,
): Promise<Cleaned> {
  const runs: CleanedRun[] = [];
  let bytes = 0;
  for (let after: string | null = ''; after !== null; ) {
    const body = { dryRun: false, ...limits, removesFolders, keepsBranches, after };
    const part: Answer<'cleanProject'> = await throughDaemon(() =>
      client.call('cleanProject', { params: { id: project }, body }),
    );
    runs.push(
      ...part.runs.map(({ problem, ...run }) => ({ ...run, error: problem === null ? null : errorOf(problem) })),
    );
    bytes += part.bytes;
    after = part.next;
  }
  return { runs, bytes };
}

/** Every run is checked, and what has ended is settled; the views are those of the files, as whatever only looks reads them. */
export async function recoverByDaemon({ client, project }: DaemonLink, places: Places): Promise<Recovered> {
  const { runs: findings } = await throughDaemon(() => client.call('recoverProject', { params: { id: project } }));
  const views = (await lookAtAll(places)).map(({ view }) => view);
  return { views, findings };
}

/** Its codes are those of the catalogue: the daemon speaks the same version of the API. */
function errorOf({ code, ...parts }: NonNullable<Answer<'cleanProject'>['runs'][number]['problem']>): PawlError {
  return new PawlError({ code: code as ErrorCode, ...parts });
}

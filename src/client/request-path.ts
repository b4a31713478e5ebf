/**
 * The path of a request: where an operation is, with what is asked for.
 *
 * Owns: filling in parameters and query. Does not own: which operations there are (daemon/api/paths), sending (client/transport, app/daemon/asking). Free of zod.
 */
import { type OperationId, PATHS } from '../daemon/api/paths.ts';

/** The path of the operation; members of the query that are undefined are left out. */
export function requestPath(id: OperationId, params: Readonly<Record<string, string>>, query: object): string {
  const [, path] = PATHS[id];
  const place = path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(params[name] ?? ''));
  const asked = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]: [string, unknown]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  ).toString();
  return asked === '' ? place : `${place}?${asked}`;
}

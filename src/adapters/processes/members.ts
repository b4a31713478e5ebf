/**
 * Which processes belong to a worker's tree, decided over one look at the process table (pure).
 *
 * Owns: matching the mark, following children. Does not own: looking (processes/linux, processes/posix).
 */
import { MARK_VARIABLE } from '../../model/request.ts';

/** One process and whose child it is. */
export interface TableRow {
  readonly pid: number;
  readonly parentPid: number;
}

/** True when an environment entry carries the mark: nested workers append theirs with a colon, one element must match exactly. */
export function carriesMark(entry: string, mark: string): boolean {
  const prefix = `${MARK_VARIABLE}=`;
  return entry.startsWith(prefix) && entry.slice(prefix.length).split(':').includes(mark);
}

/** The pids of `roots` and of everything that descends from them in `rows`: a child of a member is one, whatever its environment says. */
export function withDescendants(rows: readonly TableRow[], roots: ReadonlySet<number>): Set<number> {
  const childrenOf = new Map<number, number[]>();
  for (const row of rows) childrenOf.set(row.parentPid, [...(childrenOf.get(row.parentPid) ?? []), row.pid]);
  const members = new Set<number>();
  const open = [...roots];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    if (members.has(pid)) continue;
    members.add(pid);
    open.push(...(childrenOf.get(pid) ?? []));
  }
  return members;
}

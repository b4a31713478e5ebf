/**
 * The screen of `pawl status --watch`: every run in a row, as while they are driven.
 *
 * Owns: which rows fit below a header. Does not own: their words and widths (cli/live-row, cli/live-rows), drawing (cli/commands/status).
 * Loaded for a screen only: the tables by which a terminal's columns are counted take longer to load than a list of runs to show.
 */
import type { RunView } from '../run/run-view.ts';
import { columnsOf } from './columns.ts';
import { liveRow } from './live-row.ts';
import { liveRows, roomIn } from './live-rows.ts';
import type { Output } from './output.ts';
import { rowColours } from './render.ts';

/** Every run in a row that fits on the screen, below `header`. */
export function watchLines(output: Output, runs: readonly RunView[], header: string | null): readonly string[] {
  const nowMs = Date.now();
  const rows = runs.map((view) => {
    const openTask = view.task?.endedAtMs === null ? view.task.taskId : null;
    return liveRow(view, { openTask, liveness: view.liveness, nowMs });
  });
  const { columns } = roomIn(process.stdout);
  const headerLines = header === null ? 0 : Math.ceil(columnsOf(header) / columns);
  return liveRows(rows, roomIn(process.stdout, headerLines), rowColours(output.colour));
}

/**
 * `pawl completion`: the completion script of a shell, and the names of runs that such a script asks for.
 *
 * Owns: which of both is printed. Does not own: the scripts (cli/completion/completion-script).
 *
 * Invariant: a question for runs is answered or has no answer: it never fails, and says nothing on stderr, in the middle of somebody's command line.
 */
import { type CommonOptions, placesOf } from '../../app/options.ts';
import { EXIT } from '../../model/error-codes.ts';
import { taskPartOfRun } from '../../packets/packet-run-id.ts';
import { listRuns } from '../../store/registry.ts';
import type { CommandEntry, Run } from '../program.ts';

/** Options of `pawl completion`. */
export interface CompletionOptions extends CommonOptions {
  /** What the name of a run begins with; true: anything. */
  readonly runs?: string | true;
}

/** The command, for the commands of `table`. */
export function completionOf(table: readonly CommandEntry[]): Run<CompletionOptions> {
  return async (output, options, [shell]) => {
    if (options.runs !== undefined) {
      const runs = runNames(options, options.runs === true ? '' : options.runs);
      output.json({ runs });
      if (runs.length > 0) output.line(runs.join('\n'));
      return EXIT.done;
    }
    const { completionScript } = await import('../completion/completion-script.ts');
    const told = completionScript(table, shell);
    output.json(told);
    output.line(told.script.trimEnd());
    return EXIT.done;
  };
}

/** The ids that begin so; where none does, the task ids of packets, by which a run can be named too. */
function runNames(options: CommonOptions, beginning: string): readonly string[] {
  try {
    const { files, paths } = placesOf(options);
    const runIds = listRuns(files, paths);
    const byId = runIds.filter((runId) => runId.startsWith(beginning));
    if (byId.length > 0) return byId;
    const tasks = new Set(runIds.flatMap((runId) => taskPartOfRun(runId) ?? []));
    return [...tasks].filter((task) => task.startsWith(beginning));
  } catch {
    // Whoever presses Tab has asked for no error: not in a repository, no registry, one of another version.
    return [];
  }
}

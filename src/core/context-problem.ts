/**
 * What is wrong with a machine's context that comes from disk.
 *
 * Owns: saying that in a line. Does not own: the schemas (model/run-context, model/task-context).
 */
import { RUN_ACTOR } from '../model/record.ts';
import { runContextSchema } from '../model/run-context.ts';
import { taskContextSchema } from '../model/task-context.ts';

/** The reason why `context` is not one of `actor`'s machine, or null when it is. */
export function contextProblem(actor: string, context: unknown): string | null {
  const checked = (actor === RUN_ACTOR ? runContextSchema : taskContextSchema).safeParse(context);
  if (checked.success) return null;
  const issue = checked.error.issues[0];
  return issue === undefined ? 'invalid' : `${issue.path.join('.')}: ${issue.message}`;
}

/**
 * `pawl project`: the repositories of this machine that the daemon works on.
 *
 * Owns: its actions, their options, its output, asking before one is archived. Does not own: what is done (app/project-desk).
 */
import { resolve } from 'node:path';
import type { CommonOptions } from '../../app/options.ts';
import { type ProjectDesk, projectDesk, type ShownProject } from '../../app/project-desk.ts';
import { quote } from '../../base/sanitise.ts';
import { visible } from '../../base/visible.ts';
import { EXIT } from '../../model/error-codes.ts';
import { columnsOf, padColumns } from '../columns.ts';
import type { Output } from '../output.ts';
import { terminalQuestions } from '../questions.ts';
import { usageError } from '../usage-error.ts';

/** Options of `pawl project`. */
export interface ProjectOptions extends CommonOptions {
  readonly path?: string;
  readonly id?: string;
  readonly name?: string;
  readonly yes?: boolean;
  readonly force?: boolean;
}

type Flag = Exclude<keyof ProjectOptions, keyof CommonOptions>;

interface Action {
  /** The options that it has; any other would be ignored. */
  readonly flags: readonly Flag[];
  readonly needsId: boolean;
  run(output: Output, desk: ProjectDesk, options: ProjectOptions, id: string): Promise<number>;
}

const ACTIONS = new Map<string, Action>([
  ['add', { flags: ['path', 'id', 'name'], needsId: false, run: add }],
  ['ls', { flags: [], needsId: false, run: list }],
  ['get', { flags: [], needsId: true, run: get }],
  ['rm', { flags: ['yes', 'force'], needsId: true, run: remove }],
]);
const FLAGS: readonly Flag[] = ['path', 'id', 'name', 'yes', 'force'];

/** Does what the action says. */
export async function project(
  output: Output,
  options: ProjectOptions,
  [name = '', id]: readonly string[],
): Promise<number> {
  const action = ACTIONS.get(name);
  if (action === undefined)
    throw usageError('project', `An action is one of ${[...ACTIONS.keys()].join(', ')}, not ${quote(name)}.`);
  const idle = FLAGS.find((flag) => options[flag] !== undefined && !action.flags.includes(flag));
  if (idle !== undefined) throw usageError('project', `--${idle} is not an option of pawl project ${name}.`);
  if (action.needsId && id === undefined)
    throw usageError('project', `pawl project ${name} needs the id of a project.`);
  if (!action.needsId && id !== undefined) throw usageError('project', `pawl project ${name} takes no ${quote(id)}.`);
  return action.run(output, projectDesk(), options, id ?? '');
}

async function add(output: Output, desk: ProjectDesk, { path, id, name }: ProjectOptions): Promise<number> {
  if (path === undefined) throw usageError('project', 'pawl project add needs --path with the top of a repository.');
  const added = await desk.add({ path: resolve(path), id, name });
  output.json({ project: added, outcome: 'added' });
  output.line(`Registered as ${added.id}.`);
  for (const line of details(output, added)) output.line(line);
  return EXIT.done;
}

async function list(output: Output, desk: ProjectDesk): Promise<number> {
  const projects = await desk.list();
  output.json({ projects });
  const width = Math.max(0, ...projects.map(({ id }) => columnsOf(id)));
  for (const each of projects) output.line(`${padColumns(each.id, width)}  ${summary(output, each)}`);
  if (projects.length === 0) output.line('No project is registered; pawl project add --path . registers this one.');
  return EXIT.done;
}

async function get(output: Output, desk: ProjectDesk, _options: ProjectOptions, id: string): Promise<number> {
  const found = await desk.get(id);
  output.json({ project: found });
  output.line(output.colour.bold(found.id));
  for (const line of details(output, found)) output.line(line);
  return EXIT.done;
}

async function remove(output: Output, desk: ProjectDesk, options: ProjectOptions, id: string): Promise<number> {
  const found = await desk.get(id);
  if (options.yes !== true) {
    const code = await consent(output, found);
    if (code !== null) return code;
  }
  const removed = await desk.remove(found.id, options.force === true);
  output.json({ project: removed, outcome: 'archived' });
  output.line(`Archived ${removed.id}; its repository and its runs are as they were.`);
  return EXIT.done;
}

/** Null when it may be archived, else what the command exits with. */
async function consent(output: Output, { id, path }: ShownProject): Promise<number | null> {
  const questions = output.isJson ? null : terminalQuestions();
  if (questions === null)
    throw usageError('project', 'Cannot prompt without a terminal or with --json; nothing was archived.', {
      subject: id,
      hint: 'Archive it without being asked: add --yes.',
    });
  try {
    const answer = await questions.ask(`Archive ${id} (${visible(path)})? [y/N] `);
    if (answer !== null && /^y(?:es)?$/i.test(answer)) return null;
    output.line('Nothing was archived.');
    return answer === null ? questions.exitCode() : EXIT.done;
  } finally {
    questions.close();
  }
}

function summary({ colour }: Output, { path, repo, problem }: ShownProject): string {
  const place = visible(path);
  if (problem !== null) return `${place}  ${colour.yellow(visible(problem))}`;
  return repo === null ? place : `${place}  ${colour.dim(visible(repo))}`;
}

function details({ colour }: Output, { name, path, repo, defaultBranch, problem, addedAtMs }: ShownProject): string[] {
  return [
    `name    ${visible(name)}`,
    `path    ${visible(path)}`,
    `origin  ${repo === null ? 'none' : visible(repo)}`,
    `branch  ${defaultBranch === null ? 'none' : visible(defaultBranch)}`,
    `added   ${new Date(addedAtMs).toISOString()}`,
    ...(problem === null ? [] : [`${colour.yellow('problem')} ${visible(problem)}`]),
  ];
}

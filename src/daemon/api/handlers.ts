/**
 * What the API answers: every operation done.
 *
 * Owns: the way from a checked request to an answer. Does not own: checking requests (api/api), the runs (daemon/runs-desk), the projects
 * (daemon/project-directory), streams (daemon/change-stream, daemon/output-stream).
 */
import { userInfo } from 'node:os';
import type { z } from 'zod';
import { readJournalPart } from '../../app/projects/run-records.ts';
import { addProject, removeProject } from '../../app/projects.ts';
import { tasksOf } from '../../app/tasks-of-run.ts';
import type { Json } from '../../base/canonical-json.ts';
import { sha256 } from '../../base/sha256.ts';
import { commandRefused } from '../../engine/commands.ts';
import { assertNoneRefused, type PacketRefusal } from '../../engine/intake.ts';
import type { CommandRequest } from '../../model/command.ts';
import { readPacketsDocument } from '../../packets/packets.ts';
import type { RunView } from '../../run/run-view.ts';
import { artifactWithHash } from '../../store/artifacts.ts';
import { DAEMON_BOUNDS } from '../daemon-bounds.ts';
import type { Project } from '../project-directory.ts';
import { findMoved, shownOne, storyOf } from '../run-looks.ts';
import { type AnsweredCommand, outcomesOf, reused, show } from '../runs-desk.ts';
import { cleanProject, recoverProject } from '../upkeep.ts';
import type { ApiDaemon } from './api-daemon.ts';
import { API_VERSIONS, openApiDocument } from './document.ts';
import type { OPERATIONS } from './operations.ts';
import { ApiError } from './problem.ts';
import { bodyHashOf } from './request.ts';
import type { ShownRun } from './run-schema.ts';

type Operations = typeof OPERATIONS;
/** The operations that answer with JSON. */
export type JsonOperation = {
  [Id in keyof Operations]: Operations[Id]['answer'] extends null ? never : Id;
}[keyof Operations];

/** A request whose parts were checked. */
export interface Asked<Id extends keyof Operations> {
  readonly params: Readonly<Record<string, string>>;
  readonly query: z.output<Operations[Id]['query']>;
  readonly body: Operations[Id]['body'] extends z.ZodType ? z.output<Operations[Id]['body']> : null;
  /** The key of a command; empty for what is none. */
  readonly key: string;
  /** What tells this command from another one under the same key. */
  readonly bodyHash: string;
  /** The record that a command holds for; null: whatever the run has come to. */
  readonly condition: number | null;
  /** Aborts when whoever asked has gone. */
  readonly signal: AbortSignal;
}

/** What is sent back. */
export interface Answered<Id extends keyof Operations> {
  readonly status: number;
  readonly body: Operations[Id]['answer'] extends z.ZodType ? z.input<Operations[Id]['answer']> : never;
}

type Handler<Id extends JsonOperation> = (daemon: ApiDaemon, asked: Asked<Id>) => Promise<Answered<Id>>;

/** The operations that answer with JSON. */
export const HANDLERS: { readonly [Id in JsonOperation]: Handler<Id> } = {
  getApi: async (daemon) => ({
    status: 200,
    body: {
      name: 'pawl',
      version: daemon.version,
      apiVersions: { ...API_VERSIONS },
      capabilities: ['projects', 'runs', 'commands', 'changes', 'output', 'mux'],
      state: daemon.state(),
      pid: process.pid,
      generation: daemon.generation,
      startedAt: daemon.startedAt,
      cursor: daemon.feed.head,
      oldestCursor: daemon.feed.oldest,
      guards: [...daemon.guards.list()],
    },
  }),
  listProjects: async (daemon) => {
    const projects = await daemon.projects.known();
    const cursor = daemon.feed.head;
    return { status: 200, body: { projects: projects.map((each) => projectView(each)), cursor } };
  },
  addProject: async (daemon, { body, key, bodyHash }) => {
    daemon.assertAccepting();
    daemon.runs.assertFree(key);
    const by = ownUser();
    const added = await addProject(daemon.projectStore, { ...body, by, key, bodyHash });
    if (added === null) throw reused(key);
    const { record, isNew } = added;
    daemon.projects.refresh();
    const project = daemon.projects.get(record.id);
    await daemon.projects.look(project);
    return { status: isNew ? 201 : 200, body: projectView(project) };
  },
  getProject: async ({ projects }, { params }) => {
    const project = projects.get(params.id ?? '');
    await projects.look(project);
    return { status: 200, body: projectView(project) };
  },
  removeProject: async (daemon, { params, query }) => {
    daemon.assertAccepting();
    const project = daemon.projects.get(params.id ?? '');
    const views = [...(await project.views()).values()];
    await removeProject(daemon.projectStore, {
      id: project.id,
      by: ownUser(),
      open: views.filter(({ kind }) => kind !== 'terminal').map(({ runId }) => runId),
      isForced: query.force === true,
    });
    daemon.projects.refresh();
    return { status: 200, body: projectView(project) };
  },
  cleanProject: async (daemon, { params, body, signal }) => {
    daemon.assertAccepting();
    const { olderThanMs, largerThanBytes, removesFolders, keepsBranches, after, dryRun: isDry } = body;
    const order = { limits: { olderThanMs, largerThanBytes }, removesFolders, keepsBranches };
    const { runs, bytes, next } = await cleanProject(
      daemon.projects.get(params.id ?? ''),
      { order, after, isDry },
      signal,
    );
    const shown = runs.map(({ error, ...run }) => ({ ...run, problem: error === null ? null : errorView(error) }));
    return { status: 200, body: { dryRun: isDry, runs: shown, bytes, next } };
  },
  recoverProject: async (daemon, { params, signal }) => {
    daemon.assertAccepting();
    const found = await recoverProject(daemon.projects.get(params.id ?? ''), signal);
    const runs = found.slice(0, DAEMON_BOUNDS.recoveredRuns);
    const named = runs.map(({ runId, findings }) => ({ runId, findings: [...findings] }));
    return { status: 200, body: { runs: named, leftOut: found.length - runs.length } };
  },
  listRuns: async (daemon, { query }) => {
    const cursor = daemon.feed.head;
    const { project, kind, page } = query;
    const projects = project === undefined ? daemon.projects.list() : [daemon.projects.get(project)];
    const limit = bounded(query.limit, DAEMON_BOUNDS.runsPerPage, DAEMON_BOUNDS.runsPerPageMax);
    const runs: ShownRun[] = [];
    for (const each of projects) {
      const views = [...(await each.views()).values()]
        .filter((view) => (kind === undefined || view.kind === kind) && placeOf(each.id, view.runId) > (page ?? ''))
        .sort((a, b) => (a.runId < b.runId ? -1 : 1));
      runs.push(...show(each, views.slice(0, limit + 1 - runs.length)));
      if (runs.length > limit) break;
    }
    const [last] = runs.slice(limit - 1, limit);
    const next = runs.length > limit && last !== undefined ? placeOf(last.project, last.runId) : null;
    return { status: 200, body: { runs: runs.slice(0, limit), next, cursor } };
  },
  addRuns: async (daemon, { body, key, bodyHash, signal }) => {
    daemon.assertAccepting();
    assertNoProjectHas(daemon, key);
    const project = onlyProject(daemon, body.project);
    const packets = body.packets as readonly Json[];
    // What cannot be read is told at once, and nothing is left for it.
    readPacketsDocument(packets, sha256);
    const { agent, again, allOrNothing: isAllOrNothing } = body;
    const by = ownUser();
    const named = agent === undefined ? {} : { agentOverride: agent };
    const request: CommandRequest = { command: 'intake', packets, again, isAllOrNothing, by, ...named };
    const answered = await daemon.runs.command(project, request, { key, bodyHash }, signal);
    const outcomes = outcomesOf(answered) ?? [];
    if (answered.decision?.isAccepted === false) assertNoneRefused(outcomes);
    if (answered.decision?.isAccepted === false)
      throw new ApiError('PAWL_COMMAND_REFUSED', 'The packets were refused; nothing was recorded.');
    const views = await project.views();
    const runs = outcomes.flatMap(({ runId, refusal }) => (refusal === null ? (views.get(runId) ?? []) : []));
    return {
      status: answered.decision === null ? 202 : 201,
      body: {
        commandId: answered.command.commandId,
        decided: answered.decision !== null,
        packets: outcomes.map(plainOutcome),
        runs: [...show(project, runs)],
      },
    };
  },
  getRun: async (daemon, { params, query }) => {
    const { project, view } = await daemon.runs.find(params.id ?? '', query.project);
    return { status: 200, body: storyOf(project, view) };
  },
  listRunEvents: async (daemon, { params, query, signal }) => {
    const { after = 0 } = query;
    const id = { runId: params.id ?? '', project: query.project };
    const { project, view } = await findMoved(daemon, id, { after, waitMs: query.wait ?? 0 }, signal);
    const limit = bounded(query.limit, DAEMON_BOUNDS.eventsPerPage, DAEMON_BOUNDS.eventsPerPageMax);
    const records = readJournalPart(project.places(), view.runId, after, limit + 1);
    const events = records.slice(0, limit).map(({ seq, atMs, actor, event, effects }) => ({
      ...{ seq, atMs, actor },
      event: JSON.parse(JSON.stringify(event)),
      effects: effects.map((effect) => ({ key: effect.key, kind: effect.kind })),
    }));
    const next = records.length > limit ? (events.at(-1)?.seq ?? null) : null;
    return { status: 200, body: { events, next, kind: view.kind } };
  },
  listTasks: async (daemon, { params, query }) => {
    const { project, view } = await daemon.runs.find(params.id ?? '', query.project);
    const { kind, seq } = view;
    return { status: 200, body: { tasks: [...tasksOf(project.places(), view.runId)], kind, seq } };
  },
  commandRun: async (daemon, { params, query, body, key, bodyHash, condition, signal }) => {
    daemon.assertAccepting();
    assertNoProjectHas(daemon, key);
    const { project, view } = await daemon.runs.find(params.id ?? '', query.project);
    const ifSeq = condition === null ? {} : { ifSeq: condition };
    const request: CommandRequest = { ...body, runId: view.runId, by: ownUser(), ...ifSeq };
    const answered = await daemon.runs.command(project, request, { key, bodyHash }, signal);
    const after = (await daemon.runs.find(view.runId, project.id)).view;
    const { decision } = answered;
    if (decision?.isAccepted === false) {
      const name = body.command === 'cancel' ? 'cancel' : body.decision;
      throw commandRefused(view.runId, name, decision.code, after, [], decision.reason);
    }
    return { status: decision === null ? 202 : 200, body: commandView(answered, after) };
  },
  getCommand: async (daemon, { params, signal }) => {
    const answered = await daemon.runs.commandOf(params.key ?? '', signal);
    if (answered === null) throw new ApiError('COMMAND_UNKNOWN', 'No command has this key.');
    const runId = 'runId' in answered.command ? answered.command.runId : null;
    const view = runId === null ? null : ((await answered.project.views()).get(runId) ?? null);
    return { status: 200, body: commandView(answered, view) };
  },
  getOpenApiJson: async ({ version }) => ({
    status: 200,
    body: openApiDocument(version) as z.input<Operations['getOpenApiJson']['answer']>,
  }),
  getHealth: async () => ({ status: 200, body: { status: 'ok' } }),
  getReadiness: async (daemon) => {
    const recovering = daemon.projects
      .list()
      .filter(({ engine }) => engine.state.kind === 'opening')
      .map(({ id, engine }) => ({ project: id, state: engine.state.kind }));
    const state = daemon.state();
    return { status: state === 'ready' ? 200 : 503, body: { state, recovering } };
  },
  shutDown: async (daemon) => {
    daemon.shutDown();
    return { status: 202, body: { state: 'stopping' } };
  },
};

/** The hash of everything that a command asks for. */
export function askedHash(
  id: string,
  { params, query, body, condition }: Omit<Asked<never>, 'key' | 'bodyHash' | 'signal'>,
): string {
  return bodyHashOf(id, JSON.parse(JSON.stringify({ params, query, body, condition })));
}

/** An artifact of a run by its hash; its bytes still match it. */
export async function artifactBytes(
  daemon: ApiDaemon,
  runId: string,
  hash: string,
  project?: string,
): Promise<Uint8Array> {
  const found = await daemon.runs.find(runId, project);
  const { files, paths } = found.project.places();
  const bytes = artifactWithHash(files, paths.run(found.view.runId), hash);
  if (bytes === null) throw new ApiError('ARTIFACT_UNKNOWN', `The run ${runId} has no artifact with this hash.`);
  return bytes;
}

function projectView({
  id,
  record,
  facts,
  engine,
  registry,
  counts,
}: Project): z.input<Operations['getProject']['answer']> {
  const { state } = engine;
  return {
    ...{ id, name: record.name, path: record.path, registry },
    ...{ repo: facts.repo, defaultBranch: facts.defaultBranch },
    addedAt: new Date(record.atMs).toISOString(),
    state: state.kind,
    code: state.kind === 'degraded' ? state.code : null,
    reason:
      state.kind === 'degraded'
        ? state.reason
        : state.kind === 'elsewhere'
          ? `process ${state.pid} on ${state.hostname} drives it`
          : null,
    since: 'sinceMs' in state ? new Date(state.sinceMs).toISOString() : null,
    runs: counts,
  };
}

/** Throws KEY_REUSED for the key of a registration. */
function assertNoProjectHas({ projectStore }: ApiDaemon, key: string): void {
  if (projectStore.withKey(key) !== null) throw reused(key);
}

/** The one project that is meant. Throws PROJECT_MISSING where none is named and there are several or none. */
function onlyProject({ projects }: ApiDaemon, id: string | undefined): Project {
  if (id !== undefined) return projects.get(id);
  const [only, ...others] = projects.list();
  if (only !== undefined && others.length === 0) return only;
  throw new ApiError('PROJECT_MISSING', 'It must be said which project is meant.', {
    next: 'Name it as `project`; `GET /api/v1/projects` lists them.',
  });
}

function commandView(answered: AnsweredCommand, view: RunView | null): z.input<Operations['getCommand']['answer']> {
  const { project, command, decision } = answered;
  return {
    commandId: command.commandId,
    project: project.id,
    runId: 'runId' in command ? command.runId : null,
    decided: decision !== null,
    accepted: decision?.isAccepted ?? null,
    code: decision?.code ?? null,
    reason: decision?.reason ?? null,
    seq: decision?.seq ?? null,
    packets: outcomesOf(answered)?.map(plainOutcome) ?? null,
    run: view === null ? null : shownOne(project, view),
  };
}

type Outcomes = NonNullable<ReturnType<typeof outcomesOf>>;

function plainOutcome({ taskId, runId, outcome, refusal }: Outcomes[number]) {
  return { taskId, runId, outcome, refusal: refusal === null ? null : errorView(refusal) };
}

function errorView({ code, message, subject, hint, actions }: PacketRefusal) {
  return { code, message, subject, hint, actions: [...actions] };
}

let user: string | null = null;

/** Who the daemon works for: asked of the system once. */
function ownUser(): string {
  user ??= userInfo().username;
  return user;
}

function placeOf(project: string, runId: string): string {
  return `${project}/${runId}`;
}

function bounded(asked: number | undefined, usual: number, most: number): number {
  return Math.max(1, Math.min(asked ?? usual, most));
}

/**
 * Where a probe happens: a temporary folder with a home, a repository and a script for the agent's shell tool.
 *
 * Owns: that folder, the agent's environment and command line in it. Does not own: what is done there (probe), the agent's settings (stand-in-environment).
 *
 * Invariants: 1. No variable of the user reaches the agent but those that say where programs are and how text is shown. 2. Removed means: nothing of it is left.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { shown } from '../../adapters/git/git-environment.ts';
import { gitNow } from '../../adapters/git/run-git.ts';
import { MARK_VARIABLE } from '../../model/request.ts';
import type { TurnSession } from '../../model/turn.ts';
import type { AgentAdapter, TurnCommand } from '../../ports/agent-adapter.ts';
import type { HostProcessesPort } from '../../ports/processes.ts';
import { type ProbeTurn, startProbeTurn } from './probe-turn.ts';
import { type StandInEnvironment, standInEnvironment } from './stand-in-environment.ts';

type Variables = Readonly<Record<string, string | undefined>>;

const INHERITED = ['PATH', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'TERM', 'TZ'];
const SCRIPT = 'probe.sh';
const TOOL_COMMAND = [`./${SCRIPT}`];
const TOOL_MARKER = 'tool.pid';
/** Longer than any probe: the command never ends by itself. */
const TOOL_SLEEP_S = 600;

/** Whose sandbox it is to be, and where. */
export interface SandboxOrder {
  readonly adapter: AgentAdapter;
  /** Absolute path of the program. */
  readonly path: string;
  /** The user's. */
  readonly environment: Variables;
  readonly temporaryFolder: string;
}

/** The command that the stand-in asks for: it leaves its mark and does not end. */
export const PROBE_TOOL = TOOL_COMMAND.join(' ');

/** The place of one probe. */
export class ProbeSandbox {
  readonly folder: string;
  /** Every process of the agent carries it in its environment. */
  readonly mark = `pawl-doctor-${randomUUID()}`;
  /** What the agent is told first; no other text holds it. */
  readonly firstPrompt = `This is probe ${randomUUID()}. Run the script ${SCRIPT} in the current folder.`;
  readonly #adapter: AgentAdapter;
  readonly #path: string;
  readonly #inherited: Variables;
  readonly #settings: StandInEnvironment;

  /** A folder is made; the agent's model is at `url`. */
  constructor({ adapter, path, environment, temporaryFolder }: SandboxOrder, url: string) {
    this.folder = realpathSync(mkdtempSync(join(temporaryFolder, 'pawl-doctor-')));
    this.#adapter = adapter;
    this.#path = path;
    this.#inherited = environment;
    const settings = standInEnvironment(adapter, url, join(this.folder, 'home'));
    if (settings === null) throw new Error(`bug: ${adapter.kind} has no stand-in of its model`);
    this.#settings = settings;
  }

  /** The agent's home, its repository and its script are there. Throws when git refuses. */
  prepare(): void {
    for (const name of ['home', 'work', 'tmp']) mkdirSync(join(this.folder, name));
    for (const [name, content] of Object.entries(this.#settings.files)) {
      const path = join(this.folder, 'home', name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    writeFileSync(join(this.#worktree, SCRIPT), `#!/bin/sh\necho $$ >${TOOL_MARKER}\nsleep ${TOOL_SLEEP_S}\n`, {
      mode: 0o755,
    });
    const made = gitNow(['init', '--quiet'], this.#worktree, this.#inherited);
    if (made.status !== 0) throw new Error(`git init: ${made.error?.message ?? shown(made.stderr)}`);
  }

  /** True when the agent's shell tool has run the script. */
  get isToolRunning(): boolean {
    return existsSync(join(this.#worktree, TOOL_MARKER));
  }

  /** The agent's command line for a new session, or for continuing with one. */
  command(session: TurnSession): TurnCommand {
    const { model, extraArgs } = this.#settings;
    return this.#adapter.command({
      session,
      prompt: this.#promptOf(session),
      permission: 'edit',
      nativeMode: null,
      model,
      allowedTools: [],
      allowedCommands: [TOOL_COMMAND],
      lookingCommands: [],
      maxTurns: null,
      extraArgs,
      budget: { tokens: null, usd: null },
      answerSchema: null,
      mcp: null,
      worktree: this.#worktree,
    });
  }

  /** A turn has been started here. */
  start(session: TurnSession, processes: HostProcessesPort): Promise<ProbeTurn> {
    return startProbeTurn(
      {
        adapter: this.#adapter,
        path: this.#path,
        command: this.command(session),
        prompt: this.#promptOf(session),
        env: this.#env(),
        worktree: this.#worktree,
        files: join(this.folder, session.isResume ? 'resumed' : 'first'),
        resumed: session.isResume ? session.id : null,
      },
      processes,
    );
  }

  /** Nothing of it is left. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  get #worktree(): string {
    return join(this.folder, 'work');
  }

  #promptOf({ isResume }: TurnSession): string {
    return isResume ? 'You were interrupted. Say that you are continuing.' : this.firstPrompt;
  }

  #env(): Record<string, string> {
    const env: Record<string, string> = {};
    for (const name of INHERITED) {
      const value = this.#inherited[name];
      if (value !== undefined) env[name] = value;
    }
    const outer = this.#inherited[MARK_VARIABLE] ?? '';
    return {
      ...env,
      ...this.#settings.env,
      TMPDIR: join(this.folder, 'tmp'),
      [MARK_VARIABLE]: outer === '' ? this.mark : `${outer}:${this.mark}`,
    };
  }
}

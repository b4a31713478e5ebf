/**
 * Where everything is in a registry (pure).
 *
 * Owns: the names of files and folders. Does not own: making or reading them; the files of one task (model/request).
 *
 * Invariant (L8): no id leads out of its folder; one that would is refused.
 */

import { join } from 'node:path';
import { quote } from '../base/sanitise.ts';
import { PawlError } from '../model/error.ts';
import { listRuns } from '../run/error-actions.ts';

/** What the name of a decision has behind that of its command. */
export const DECIDED = '.decided';

const GENERATION_DIGITS = 6;

/** The paths of one registry. */
export class RegistryPaths {
  /** Absolute path of the registry. */
  readonly root: string;
  /** The options with which a command addresses it; none where a command finds it by itself. */
  readonly commandOptions: readonly string[];
  readonly runs: string;

  constructor(root: string, commandOptions: readonly string[] = []) {
    this.root = root;
    this.commandOptions = commandOptions;
    this.runs = join(root, 'runs');
  }

  get registryFile(): string {
    return join(this.root, 'registry.json');
  }
  /** Says which repository the registry belongs to. */
  get repositoryFile(): string {
    return join(this.root, 'repository.json');
  }
  get inbox(): string {
    return join(this.root, 'inbox');
  }
  get batches(): string {
    return join(this.root, 'batches');
  }
  get worktrees(): string {
    return join(this.root, 'worktrees');
  }
  /** Held by the runner and every helper process of it. */
  get aliveLock(): string {
    return join(this.root, 'lock.alive');
  }
  lock(generation: number): string {
    return join(this.root, `lock.${generationDigits(generation)}`);
  }
  released(generation: number): string {
    return join(this.root, `released.${generationDigits(generation)}`);
  }
  command(commandId: string): string {
    return join(this.inbox, safeName(commandId));
  }
  decision(commandId: string): string {
    return join(this.inbox, `${safeName(commandId)}${DECIDED}`);
  }
  batch(batchId: string): string {
    return join(this.batches, `${safeName(batchId)}.json`);
  }
  batchDone(batchId: string): string {
    return join(this.batches, `${safeName(batchId)}.done`);
  }
  run(runId: string): string {
    return `${this.runs}/${safeName(runId)}`;
  }
  journal(runId: string): string {
    return `${this.run(runId)}/events.jsonl`;
  }
  snapshot(runId: string): string {
    return `${this.run(runId)}/snapshot.json`;
  }
  artifacts(runId: string): string {
    return `${this.run(runId)}/artifacts`;
  }
  tasks(runId: string): string {
    return `${this.run(runId)}/tasks`;
  }
  task(runId: string, taskId: string): string {
    return join(this.tasks(runId), safeName(taskId));
  }
  quarantined(runId: string): string {
    return `${this.run(runId)}/quarantined`;
  }
  quarantineResolved(runId: string): string {
    return `${this.run(runId)}/quarantine-resolved`;
  }
  worktree(runId: string): string {
    return join(this.worktrees, safeName(runId));
  }
  /** What cleaning found in the run's worktree that no commit can hold. */
  keptByClean(runId: string): string {
    return join(`${this.worktree(runId)}.kept`, 'clean');
  }
  /** Which facts of the run were reported to the operator. */
  notices(runId: string): string {
    return `${this.run(runId)}/notices`;
  }
  notice(runId: string, fact: string): string {
    return join(this.notices(runId), safeName(fact));
  }
  /** What `pawl clean` has done for the run. */
  cleaned(runId: string): string {
    return `${this.run(runId)}/cleaned`;
  }
  /** What is left of runs whose folders were removed. */
  get removed(): string {
    return join(this.root, 'removed');
  }
  removal(runId: string): string {
    return join(this.removed, `${safeName(runId)}.json`);
  }
  /** True for the names that a registry uses in its folder. */
  isOwnName(name: string): boolean {
    const folders = [this.inbox, this.batches, this.runs, this.worktrees, this.removed, this.trash];
    const isKnown = [...folders, this.registryFile, this.repositoryFile, this.aliveLock].some(
      (path) => path === join(this.root, name),
    );
    return isKnown || lockGeneration(name.replace(/^released\./, 'lock.')) !== null;
  }
  /** What is about to be deleted; its contents are meaningless. */
  get trash(): string {
    return join(this.root, 'trash');
  }
}

/** True when `name` is one plain segment of a path. */
export function isSafeName(name: string): boolean {
  return name.length <= 200 && /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name);
}

/** `name`, which is one plain segment of a path. Throws PAWL_USAGE otherwise. */
export function safeName(name: string): string {
  if (isSafeName(name)) return name;
  throw new PawlError({
    code: 'PAWL_USAGE',
    message: `${quote(name.slice(0, 80))} is not a valid id`,
    subject: name.slice(0, 80),
    hint: 'Ids are letters, digits, dot, underscore and hyphen, and do not begin with a dot.',
    actions: [listRuns([])],
  });
}

/** The generation in a lock file's name, null for any other name. */
export function lockGeneration(name: string): number | null {
  const match = /^lock\.([0-9]{6,15})$/.exec(name);
  return match?.[1] === undefined ? null : Number(match[1]);
}

/** A generation as the names of its files have it. */
export function generationDigits(generation: number): string {
  return String(generation).padStart(GENERATION_DIGITS, '0');
}

/**
 * A task folder with its worktree, for tests of the MCP server.
 *
 * Owns: the folders and the request in them. Does not own: servers.
 */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mcpAnswerPath } from '../../../src/adapters/mcp/task-service.ts';
import type { TaskRequest } from '../../../src/model/request.ts';
import { encodeRequest } from '../../../src/turn/task-files.ts';
import { plainRequest } from '../../host/plain-request.ts';

/** A task whose mark is `mark-1`; `remove` takes all of it away. */
export class TaskPlace {
  readonly top = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-mcp-')));
  readonly folder = join(this.top, 'task');
  readonly worktree = join(this.top, 'worktree');
  readonly answerFolder = join(this.worktree, '.pawl-task/t');
  readonly answerPath = mcpAnswerPath(join(this.answerFolder, 'completion.json'));

  constructor(changes: Partial<TaskRequest> = {}) {
    mkdirSync(this.folder);
    mkdirSync(this.worktree);
    this.write('request.json', encodeRequest({ ...plainRequest, ...this.#places(), ...changes }));
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(join(this.folder, name), content);
  }

  answer(): unknown {
    return JSON.parse(readFileSync(this.answerPath, 'utf8'));
  }

  remove(): void {
    rmSync(this.top, { recursive: true, force: true });
  }

  #places() {
    return { cwd: this.worktree, completionFile: join(this.answerFolder, 'completion.json') };
  }
}

/**
 * Where the ACP worker's program lies.
 *
 * Owns: that path. Does not own: the program (acp-worker), its arguments (acp).
 */
import { fileURLToPath } from 'node:url';

/** The built program of the ACP worker: beside this file, or, when this is the source, where the build puts it. */
export function acpWorkerPath(): string {
  const isSource = import.meta.url.endsWith('.ts');
  const path = isSource ? '../../../dist/src/adapters/agents/acp-worker.js' : './acp-worker.js';
  return fileURLToPath(new URL(path, import.meta.url));
}

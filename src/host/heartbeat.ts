/**
 * The sign of life that a host gives while it is not hung.
 *
 * Owns: touching the heartbeat file. Does not own: judging a silence (engine).
 */

import { systemCode } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import type { Files } from '../store/files.ts';

/** The file at `path` is touched every BOUNDS.heartbeatMs until the returned function is called. */
export function startHeartbeat(files: Files, path: string, log: (line: string) => void): () => void {
  let callOff: () => void = () => undefined;
  let isFailing = false;
  const beat = (): void => {
    try {
      if (!files.exists(path)) files.using(path, 'a+', () => undefined);
      files.fs.touch(path);
      isFailing = false;
    } catch (error) {
      // A failed beat ends nothing: the worker must not depend on it. The runner sees the silence.
      if (!isFailing) log(`no heartbeat: ${systemCode(error) ?? String(error)}`);
      isFailing = true;
    }
    callOff = files.clock.timer(BOUNDS.heartbeatMs, beat);
  };
  beat();
  return () => callOff();
}

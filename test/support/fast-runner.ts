/**
 * A runner for which time passes quickly while it waits for what does not come.
 *
 * Owns: the environment that makes it so. Does not own: the program that is preloaded (fixtures/preload).
 */
const PRELOAD = new URL('../fixtures/preload/fast-runner.mjs', import.meta.url).href;

/** How many times as fast as the machine's its clock is. */
export const SPEED = 10;

/** The environment of a runner that is fast as long as `file` exists. */
export function fastWhile(file: string): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--import=${PRELOAD}`, PAWL_TEST_FAST: file, PAWL_TEST_SPEED: String(SPEED) };
}

/**
 * Lines on stderr that are drawn anew again and again, where it is a terminal.
 *
 * Owns: that, and loading what it needs only there: a start that nobody watches does not pay for it. Does not own: what the lines say.
 */

/** Lines that are drawn over one another. */
export interface LiveLines {
  draw(text: string): void;
  /** They are gone; what is printed next begins where they were. */
  clear(): void;
}

/** Such lines on stderr; null where it is no terminal. */
export async function liveLines(): Promise<LiveLines | null> {
  if (process.stderr.isTTY !== true) return null;
  const { createLogUpdate } = await import('log-update');
  const draw = createLogUpdate(process.stderr);
  return { draw, clear: () => draw.clear() };
}

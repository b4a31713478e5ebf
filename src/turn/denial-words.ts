/**
 * A denial in words: what was denied, briefly.
 *
 * Owns: those words. Does not own: what a denial means (turn-conclusion). Imports nothing else: the page loads this file.
 */
import type { TurnDenial } from '../model/turn.ts';

const WHAT_CHARS = 80;

/** What was denied: the tool, and what it was asked for, on one short line. */
export function denialName({ tool, what }: Pick<TurnDenial, 'tool' | 'what'>): string {
  if (what === undefined || what === '') return tool;
  const line = what.replaceAll(/\s+/g, ' ').trim();
  return `${tool}(${line.length > WHAT_CHARS ? `${line.slice(0, WHAT_CHARS - 1)}…` : line})`;
}

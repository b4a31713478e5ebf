#!/usr/bin/env node
/**
 * The program `pawl`.
 *
 * Owns: the start; the bare question for the version. Does not own: commands, and whatever else is asked (cli/pawl).
 *
 * Invariant: the version needs nothing but this file.
 */
import { keepCompiledCode } from './compiled-code.ts';
import { packageVersion } from './package-version.ts';

const [word, ...more] = process.argv.slice(2);
if ((word === '--version' || word === '-V') && more.length === 0) {
  // Whoever asked may have gone: there is nothing left to do then.
  process.stdout.on('error', () => undefined);
  process.stdout.write(`${packageVersion()}\n`);
} else {
  keepCompiledCode();
  const { pawl } = await import('./pawl.ts');
  pawl();
}

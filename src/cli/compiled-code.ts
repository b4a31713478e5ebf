/**
 * Compiled code that outlasts a start.
 *
 * Owns: asking Node to keep it. Does not own: what is loaded.
 *
 * Invariant: it lies in the folder of this package, so that whoever can change it can change the code itself; where that folder may not be
 * written, nothing is kept.
 */
import * as nodeModule from 'node:module';
import { join } from 'node:path';
import { packageFolder } from '../adapters/built-path.ts';

/** What is loaded from here on is compiled once for all starts, where this Node can do that (22.8 and later). */
export function keepCompiledCode(): void {
  const enable: unknown = Reflect.get(nodeModule, 'enableCompileCache');
  if (typeof enable === 'function') Reflect.apply(enable, nodeModule, [join(packageFolder(), 'dist/compile-cache')]);
}

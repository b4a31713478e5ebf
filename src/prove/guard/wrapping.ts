/**
 * Puts a look before a function of Node without changing what the function does.
 *
 * Owns: replacing a function on its object, names and properties kept. Does not own: what the look is for.
 * Free of zod and xstate: every process of a trial loads this.
 *
 * Invariant: an error of the look itself never reaches the caller; it is told as a violation.
 */

import { messageOf } from '../../base/error-text.ts';
import type { GuardLog } from './guard-log.ts';

/** What a function was called with. */
export type Args = readonly unknown[];

/** Looks at each call of `owner[name]` before it is made; nothing happens where there is no such function. */
export function lookBefore(owner: object, name: string, log: GuardLog, look: (args: Args) => void): void {
  replace(owner, name, log, (args) => {
    look(args);
    return args;
  });
}

/** Each call of `owner[name]` is made with what `change` returns for its arguments. */
export function changeArgs(owner: object, name: string, log: GuardLog, change: (args: Args) => Args): void {
  replace(owner, name, log, change);
}

function replace(owner: object, name: string, log: GuardLog, before: (args: Args) => Args): void {
  const real: unknown = Reflect.get(owner, name);
  if (typeof real !== 'function') return;
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    return Reflect.apply(real, this, guarded(name, log, args, before));
  };
  const { prototype: _, ...kept } = Object.getOwnPropertyDescriptors(real);
  Object.defineProperties(wrapper, kept);
  Reflect.set(owner, name, wrapper);
}

function guarded(name: string, log: GuardLog, args: Args, before: (args: Args) => Args): Args {
  try {
    return before(args);
  } catch (error) {
    log.violation(`could not be watched at ${name}: ${messageOf(error)}`);
    return args;
  }
}

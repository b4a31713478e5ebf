/**
 * Lets the children of a watched process be watched too, whatever environment they are given.
 *
 * Owns: putting the two variables into environments that lack them. Does not own: what they mean (preload).
 * Free of zod and xstate: every process of a trial loads this.
 *
 * Pawl gives workers few variables, by an allow-list. This adds the guard's two and changes nothing else.
 */
import childProcess from 'node:child_process';
import { GUARD_VARIABLE, type GuardLog } from './guard-log.ts';
import { type Args, changeArgs } from './wrapping.ts';

const SYNCHRONOUS = ['spawnSync', 'execFileSync', 'execSync'];
const OPTIONS = 'NODE_OPTIONS';

/** `options` (a value of NODE_OPTIONS) with `--import=program` as the first. */
export function withImport(options: string | undefined, program: string): string {
  const wanted = `--import=${program}`;
  const words = (options ?? '').split(' ').filter((word) => word !== '' && word !== wanted);
  return [wanted, ...words].join(' ');
}

/** From now on every child gets the plan `carried` and loads `program`. */
export function handOn(program: string, carried: string, log: GuardLog): void {
  changeArgs(childProcess.ChildProcess.prototype, 'spawn', log, ([options, ...rest]) => [
    withPairs(options, program, carried),
    ...rest,
  ]);
  for (const name of SYNCHRONOUS) {
    changeArgs(childProcess, name, log, (args) => args.map((argument) => withVariables(argument, program, carried)));
  }
}

/** What Node itself hands to the system: `NAME=value` each. */
function withPairs(options: unknown, program: string, carried: string): unknown {
  if (typeof options !== 'object' || options === null || !('envPairs' in options)) return options;
  const { envPairs } = options;
  if (!Array.isArray(envPairs)) return options;
  const pairs = envPairs.map(String);
  const given = pairs.find((pair) => pair.startsWith(`${OPTIONS}=`))?.slice(OPTIONS.length + 1);
  const others = pairs.filter((pair) => !pair.startsWith(`${OPTIONS}=`) && !pair.startsWith(`${GUARD_VARIABLE}=`));
  const added = [`${OPTIONS}=${withImport(given, program)}`, `${GUARD_VARIABLE}=${carried}`];
  return { ...options, envPairs: [...others, ...added] };
}

/** The options of a synchronous call, where they name an environment; without one the child inherits ours. */
function withVariables(argument: Args[number], program: string, carried: string): unknown {
  if (typeof argument !== 'object' || argument === null || Array.isArray(argument) || !('env' in argument)) {
    return argument;
  }
  const { env } = argument;
  if (typeof env !== 'object' || env === null) return argument;
  const options: unknown = Reflect.get(env, OPTIONS);
  const text = typeof options === 'string' ? options : undefined;
  return { ...argument, env: { ...env, [OPTIONS]: withImport(text, program), [GUARD_VARIABLE]: carried } };
}

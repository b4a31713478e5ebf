/**
 * `pawl init`: a first config, from the agents and the tests that are there, shown before it is written.
 *
 * Owns: its output, asking, the refusal to write over a config. Does not own: what is found (cli/init, cli/doctor).
 *
 * Invariant: a config that is there is never touched.
 */

import { type CommonOptions, type Places, placesOf } from '../../app/options.ts';
import { readConfig } from '../../app/wiring.ts';
import { visible } from '../../base/visible.ts';
import { PawlError } from '../../model/error.ts';
import { EXIT } from '../../model/error-codes.ts';
import { pawl } from '../../run/next-actions.ts';
import { agentChecks } from '../doctor/agent-checks.ts';
import { differences, type FirstConfig, firstConfig } from '../init/first-config.ts';
import { testCommands } from '../init/test-commands.ts';
import type { Output } from '../output.ts';
import { type Questions, terminalQuestions } from '../questions.ts';
import { createUserFile } from '../user-file.ts';

/** Options of `pawl init`. */
export interface InitOptions extends CommonOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** Where init looks, and whom it can ask. */
export interface InitPlace {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Null where nobody sits. */
  readonly questions: () => Questions | null;
}

/** Shows the config, and writes it when told to. */
export async function init(output: Output, options: InitOptions): Promise<number> {
  return initAt(output, options, { cwd: process.cwd(), environment: process.env, questions: terminalQuestions });
}

/** The same at a place of the caller's. */
export async function initAt(output: Output, options: InitOptions, place: InitPlace): Promise<number> {
  // The config that is named is to be made: that it is not there yet is no fault.
  const places = { ...placesOf(options, place.cwd), isConfigNamed: false };
  const { configFile } = places;
  const agents = await agentChecks(null, { configFolder: folderOf(configFile), environment: place.environment });
  const first = firstConfig(agents, testCommands(places.repository.mainWorktree), configFile);
  if (places.files.exists(configFile)) return leaveAlone(output, places, first);
  describe(output, configFile, first);
  const told = { configFile, config: JSON.parse(first.text), ...foundOf(first) };
  if (options.dryRun === true) {
    output.json({ ...told, written: false });
    output.line('Nothing was written (--dry-run).');
    return EXIT.done;
  }
  if (options.yes !== true) {
    const code = await consent(output, place.questions, configFile);
    if (code !== null) return code;
  }
  if (!createUserFile(configFile, first.text)) return leaveAlone(output, places, first);
  output.json({ ...told, written: true });
  output.line(`Written: ${visible(configFile)}`);
  output.line(output.colour.dim('Next: pawl new writes a packet; pawl doctor shows what else is here.'));
  return EXIT.done;
}

/** Null when the file may be written, else what the command exits with. */
async function consent(output: Output, ways: InitPlace['questions'], configFile: string): Promise<number | null> {
  const questions = output.isJson ? null : ways();
  if (questions === null) {
    throw new PawlError({
      code: 'PAWL_USAGE',
      message: 'Cannot prompt without a terminal or with --json; nothing was written.',
      subject: configFile,
      hint: 'Write it without being asked.',
      actions: [pawl('run', 'write it without being asked', ['init', '--yes'])],
    });
  }
  try {
    const answer = await questions.ask(`Write ${visible(configFile)}? [y/N] `);
    if (answer !== null && /^y(?:es)?$/i.test(answer)) return null;
    output.line('Nothing was written.');
    return answer === null ? questions.exitCode() : EXIT.done;
  } finally {
    questions.close();
  }
}

function describe(output: Output, configFile: string, { text, agent, others, unusable, tests }: FirstConfig): void {
  const { colour } = output;
  if (agent === null)
    output.line(
      `${colour.yellow('agent')}  ${unusable.length === 0 ? 'none was found' : 'none that can be used was found'} on PATH; pawl doctor says how to install one`,
    );
  else output.line(`agent  ${agent.name}${agent.version === null ? '' : ` ${agent.version}`}, for every role`);
  if (others.length > 0) {
    const names = others.map(({ name }) => name).join(', ');
    output.line(colour.dim(`       also here: ${names}; name one under "agents" and "roles" to use it`));
  }
  for (const { name, problem } of unusable) output.line(colour.dim(`       cannot be used: ${name}, ${problem}`));
  for (const { command, from, setup } of tests) {
    output.line(`tests  ${command}  ${colour.dim(`(${from}${setup === null ? '' : `; first ${setup}`})`)}`);
  }
  if (tests.length === 0)
    output.line(`${colour.yellow('tests')}  no test command was recognised; add yours to verification.allow`);
  output.line();
  output.line(visible(configFile));
  for (const line of text.trimEnd().split('\n')) output.line(`  ${line}`);
  output.line();
}

function foundOf({ agent, others, tests }: FirstConfig): object {
  return { agent: agent?.name ?? null, otherAgents: others.map(({ name }) => name), tests };
}

/** Nothing to do where the config says all of it; else refused, with what it lacks. Throws PAWL_CONFIG_INVALID for one that cannot be read. */
function leaveAlone(output: Output, places: Places, first: FirstConfig): number {
  const { configFile } = places;
  const lacking = differences(readConfig(places), first.config);
  if (lacking.length === 0) {
    output.json({ configFile, config: null, ...foundOf(first), written: false });
    output.line(`${visible(configFile)} already exists and contains everything that was found; nothing was written.`);
    return EXIT.done;
  }
  throw new PawlError({
    code: 'PAWL_CONFIG_EXISTS',
    message: `${configFile} already exists and is not overwritten. It differs from what was found: ${lacking.join('; ')}.`,
    subject: configFile,
    hint: 'Add the parts you want by hand.',
    actions: [pawl('look', 'show the whole file', ['init', '--dry-run'], ['--config', `${configFile}.new`])],
  });
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

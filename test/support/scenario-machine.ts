/**
 * The machine on which a scenario plays, as Pawl sees it: its clock can be moved, it can be renamed, be another one, be rebooted.
 *
 * Owns: the file that the preloaded program reads, the environment that names it. Does not own: that program (fixtures/preload).
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scenario } from './scenario-repo.ts';

const PRELOAD = new URL('../fixtures/preload/machine.mjs', import.meta.url).href;

/** What is not real about the machine. */
export interface MachineFacts {
  /** Added to the real clock. */
  readonly clockMs?: number;
  readonly hostname?: string;
  readonly machineId?: string;
  readonly bootId?: string;
}

/** The machine of a scenario; at first all of it is real. */
export class ScenarioMachine {
  readonly #path: string;

  constructor(scenario: Scenario) {
    this.#path = join(scenario.repo.root, 'machine.json');
    this.becomes({});
  }

  /** From now on this is what every process of the scenario sees, those that run included. */
  becomes(facts: MachineFacts): void {
    writeFileSync(`${this.#path}.new`, JSON.stringify(facts));
    renameSync(`${this.#path}.new`, this.#path);
  }

  /** The environment of a Pawl on this machine. */
  get environment(): NodeJS.ProcessEnv {
    return { PAWL_TEST_MACHINE: this.#path, NODE_OPTIONS: `--import=${PRELOAD}` };
  }
}

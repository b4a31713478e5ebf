/**
 * Watching that the kills of a proof change nothing outside of their sandboxes and use no network.
 *
 * Owns: a guard and two listings for every site, and what they say together. Does not own: how a guard watches (guard/guard).
 *
 * Invariant: 1. Every site that was surrounded is reported, whatever came of its trial.
 */
import { createGuard, type Guard, type GuardReport, guardSentences } from './guard/guard.ts';
import { JAIL_KINDS } from './guard/jail.ts';
import {
  changesBetween,
  changesOutOfPlace,
  listSandbox,
  type SandboxChange,
  type SandboxListing,
  whatWasWritten,
} from './guard/written.ts';
import type { OutsideResult } from './proof.ts';
import type { SandboxRepo } from './real/sandbox-repo.ts';
import type { Surroundings } from './real/site.ts';

/** What watches over all sites of a proof. */
export class Outside {
  readonly #open = new Map<string, { readonly guard: Guard; readonly before: SandboxListing }>();
  readonly #reports: GuardReport[] = [];
  readonly #changes: SandboxChange[] = [];
  readonly #violations: string[] = [];

  /** A guard around one more site; `isJailed`: also by the kernel, where it can. */
  surround(repo: SandboxRepo, isJailed: boolean): Surroundings {
    const guard = createGuard(repo.root, JAIL_KINDS);
    this.#open.set(repo.root, { guard, before: listSandbox(repo) });
    return {
      environment: guard.environment(repo.environment),
      wrap: (argv) => (isJailed ? (guard.jail(argv) ?? argv) : argv),
    };
  }

  /** What the guard of a site has seen up to now, each a sentence; to be called once, before the site is removed. */
  look(repo: SandboxRepo): readonly string[] {
    const watched = this.#open.get(repo.root);
    if (watched === undefined) throw new Error('bug: a site without a guard');
    this.#open.delete(repo.root);
    const { guard, before } = watched;
    const report = guard.report();
    const changes = changesBetween(before, listSandbox(repo));
    guard.close();
    this.#reports.push(report);
    this.#changes.push(...changes);
    const violations = [...report.violations, ...changesOutOfPlace(changes)];
    this.#violations.push(...violations);
    return violations.map((violation) => `outside: ${violation}`);
  }

  /** All of it together. */
  result(): OutsideResult {
    const unseen = [...this.#open.keys()].map((root) => `nobody has looked at what was done in ${root}`);
    return {
      guards: guardSentences(this.#reports),
      wrote: whatWasWritten(this.#changes),
      violations: [...this.#violations, ...unseen],
    };
  }
}

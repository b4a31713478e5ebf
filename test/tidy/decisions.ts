/**
 * Every dependency has its decision, and every decision its dependency.
 *
 * Owns: comparing package.json with docs/decisions/, and the form of a decision.
 * Does not own: whether the decision is right.
 */
import { lineOf, type SourceFile, type Violation } from './source-tree.ts';

/** What every decision says, in this order. */
const SECTIONS = ['## What it does for us', '## What was considered', '## What leaving it would cost'];

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** The packages that package.json names. */
function dependenciesOf(manifest: SourceFile): string[] {
  const { dependencies, devDependencies } = JSON.parse(manifest.text) as Manifest;
  return [...Object.keys(dependencies ?? {}), ...Object.keys(devDependencies ?? {})];
}

/** The packages of a decision: the names in back quotes on its line `Package:`. */
function packagesOf(decision: SourceFile): { readonly name: string; readonly line: number }[] {
  return [...decision.text.matchAll(/^Packages?:(?<names>.*)$/gm)].flatMap((match) =>
    [...(match.groups?.names ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => ({
      name: name ?? '',
      line: lineOf(decision.text, match.index),
    })),
  );
}

/** Dependencies without a decision or with two, and decisions on what is no dependency. */
export function undecided(manifest: SourceFile, decisions: readonly SourceFile[]): Violation[] {
  const dependencies = dependenciesOf(manifest);
  const decided = decisions.flatMap((decision) =>
    packagesOf(decision).map(({ name, line }) => ({ name, path: decision.path, line })),
  );
  const missing = dependencies.flatMap((name): Violation[] => {
    const count = decided.filter((entry) => entry.name === name).length;
    return count === 1 ? [] : [{ path: manifest.path, line: 0, message: `${name} has ${count} decisions` }];
  });
  const stale = decided
    .filter(({ name }) => !dependencies.includes(name))
    .map(({ name, path, line }) => ({ path, line, message: `${name} is no dependency` }));
  return [...missing, ...stale];
}

/** Decisions that lack a section, or whose numbers have a gap. */
export function malformedDecisions(decisions: readonly SourceFile[]): Violation[] {
  return decisions.flatMap(({ path, text }, index): Violation[] => {
    const number = String(index + 1).padStart(4, '0');
    const sections = text.match(/^## .*$/gm) ?? [];
    return [
      ...(path.includes(`/${number}-`) ? [] : [{ path, line: 0, message: `is not number ${number}` }]),
      ...(SECTIONS.join('\n') === sections.join('\n')
        ? []
        : [{ path, line: 0, message: `does not have the sections ${SECTIONS.join(', ')}` }]),
    ];
  });
}

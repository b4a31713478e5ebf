/**
 * Golden journals: what runs wrote under each version of the rules, kept to be folded for ever.
 *
 * Owns: reading them, folding all of them under a definition, and what to do about one that folds otherwise. Does not own: recording them
 * (record-journals.mjs), changed definitions (run-variants).
 *
 * Invariants: 1. The lines are kept byte for byte as they were written. 2. A file holds many journals and each line once: the `prev` of a line
 * names the line before it, which stands above it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sha256 } from '../../src/base/sha256.ts';
import { recordProblem } from '../../src/engine/rehydrate-system.ts';
import { foldRecord } from '../../src/kernel/fold.ts';
import { contextProblem } from '../../src/kernel/image.ts';
import { type AnyState, actorDefinition, type System, underRules } from '../../src/kernel/system.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import { FIRST_PREV } from '../../src/model/system-record.ts';
import { MODEL_RUN } from '../../src/prove/model/world.ts';
import { chainFault, readLine } from '../../src/store/journal-lines.ts';

/** Rules whose journals no version of today folds: they hold sentences in their state. */
export const RULES_GIVEN_UP: readonly number[] = [1, 2];

/** Where the journals of all rules are, a folder each. */
const GOLDEN_ROOT = fileURLToPath(new URL('../fixtures/journals/', import.meta.url));

/** The rules that have golden journals; those that are given up have journals that are shown and not folded. */
export function goldenRules(): readonly number[] {
  return readdirSync(GOLDEN_ROOT)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((rules) => !RULES_GIVEN_UP.includes(rules))
    .sort((a, b) => a - b);
}

/** A record of a golden journal, and whose it is. */
export interface GoldenRecord {
  readonly systemId: string;
  readonly record: JournalRecord;
}

/** Every record of the journals of those rules, each after the one before it. Throws for a line that is no record or follows none. */
export function goldenRecords(rules: number): readonly GoldenRecord[] {
  const folder = `${GOLDEN_ROOT}${rules}/`;
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => recordsIn(`${folder}${name}`));
}

function recordsIn(path: string): readonly GoldenRecord[] {
  const known = new Map<string, GoldenRecord>();
  for (const line of readFileSync(path, 'utf8').trimEnd().split('\n')) {
    const reading = readLine(Buffer.from(line));
    if (reading.kind === 'bad') throw new Error(`${path}: ${reading.detail}: ${line.slice(0, 80)}`);
    const { record } = reading;
    const before = record.prev === FIRST_PREV ? null : known.get(record.prev);
    const fault = before === undefined ? 'nothing stands before it' : chainFault(before?.record ?? null, record);
    if (fault !== null) throw new Error(`${path}: ${fault}: ${line.slice(0, 80)}`);
    known.set(record.sum, { systemId: before?.systemId ?? systemIdIn(record), record });
  }
  return [...known.values()];
}

/** A key begins with the id of its system; a journal that asks for nothing is one of the model's. */
function systemIdIn({ effects }: JournalRecord): string {
  return effects[0]?.key.split('/')[0] ?? MODEL_RUN;
}

/** The records that no other one follows: each ends a journal. */
export function lastRecords(golden: readonly GoldenRecord[]): readonly GoldenRecord[] {
  const followed = new Set(golden.map(({ record }) => record.prev));
  return golden.filter(({ record }) => !followed.has(record.sum));
}

/** Told of every record and the state that it leads to. */
type OnGolden = (golden: GoldenRecord, state: AnyState) => void;

/**
 * Folds every journal under `system`. Null when each record asks for what it holds, leads to the state that it names, and the schemas admit
 * its event, its effects and that state; else where the first one does not, and what to do about it.
 */
export function goldenProblem(
  system: System,
  golden: readonly GoldenRecord[],
  onGolden: OnGolden = () => undefined,
): string | null {
  const states = new Map<string, AnyState>();
  for (const each of golden) {
    const { record, systemId } = each;
    const before = states.get(record.prev) ?? null;
    const step = foldRecord(system, systemId, before, record, { hash: sha256 });
    if (step.kind === 'unsupported') return refusal(record, 'these rules are not known');
    if (step.kind === 'diverged') return refusal(record, step.detail);
    const under = underRules(system, step.state.rules) ?? system;
    const malformed = recordProblem(under, record, before) ?? contextsProblem(under, before, step.state);
    if (malformed !== null) return refusal(record, `the schemas do not admit it: ${malformed}`);
    states.set(record.sum, step.state);
    onGolden(each, step.state);
  }
  return null;
}

/** Why the context of an actor is not one of its schema, of those that the record has moved; null when all of them are. */
function contextsProblem(system: System, before: AnyState | null, after: AnyState): string | null {
  const moved = [
    [system.rootName, after.root, before?.root] as const,
    ...Object.entries(after.children).map(([name, child]) => [name, child, before?.children[name]] as const),
  ].filter(([, now, then]) => now !== then);
  for (const [name, { context }] of moved) {
    const problem = contextProblem(actorDefinition(system, name, after.kinds), { context });
    if (problem !== null) return `${name}: ${problem}`;
  }
  return null;
}

function refusal({ rules, seq, event }: JournalRecord, detail: string): string {
  return [
    `Journals of rules ${rules} no longer fold: ${detail} (record ${seq}, ${event.type}).`,
    'If that is not meant, undo the change. If a member was added to a context, give it a default and declare it in `defaults`.',
    'Else raise RUN_RULES in src/run/system.ts, keep the definition of before as `previous` with a migration (docs/kernel.md),',
    'and record the journals of the new rules: npm run journals:record.',
  ].join('\n');
}

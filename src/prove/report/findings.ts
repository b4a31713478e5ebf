/**
 * What a proof comes to: each cell's standing, everything that does not hold, the sums over all kills.
 *
 * Owns: drawing these from the document alone. Does not own: finding faults (the trials), showing them (proof-html, proof-text).
 *
 * Invariant: 1. It fails closed: a cell without a kill, or a kill whose moment never came or whose run did not end, does not hold, whatever
 * else the document says.
 */
import {
  type CellName,
  type CellResult,
  CLASSES,
  type DaemonResult,
  type KillClass,
  type Proof,
  STAGES,
  type Stage,
} from '../proof.ts';
import { faultsOf, type SystemProof } from '../system/system-proof.ts';

/** How a cell stands. */
export type Standing = 'holds' | 'fails' | 'impossible' | 'notAsked';

/** What does not hold in one place. */
export interface Finding {
  /** A cell, or a part of the proof in words. */
  readonly where: string;
  /** Each a sentence; at least one. */
  readonly faults: readonly string[];
  /** The cell that does it again, null for what is no cell. */
  readonly cell: CellResult | null;
}

/** Sums over all kills. */
export interface KillSums {
  readonly kills: number;
  /** Cells with kills, and those that cannot occur. */
  readonly cells: number;
  readonly impossible: number;
  readonly recorded: number;
  readonly witnessed: number;
  readonly eventsChecked: number;
}

/** The name of a cell, as `--cell` takes it. */
export function cellName(stage: Stage, kind: KillClass): CellName {
  return `${stage}/${kind}`;
}

/** The cell, null where the proof has none. */
export function cellAt(proof: Proof, stage: Stage, kind: KillClass): CellResult | null {
  return proof.cells.find((cell) => cell.stage === stage && cell.class === kind) ?? null;
}

/** How a cell of the checklist stands; one that a proof of other cells lacks was not asked for. */
export function standingOf(proof: Proof, stage: Stage, kind: KillClass): Standing {
  const cell = cellAt(proof, stage, kind);
  if (cell === null) return wasAsked(proof, stage, kind) ? 'fails' : 'notAsked';
  if (cell.impossible !== null) return 'impossible';
  return faultsOfCell(cell).length === 0 ? 'holds' : 'fails';
}

function wasAsked(proof: Proof, stage: Stage, kind: KillClass): boolean {
  return proof.only === null || proof.only.includes(cellName(stage, kind));
}

/** What does not hold in a cell, each a sentence. */
export function faultsOfCell(cell: CellResult): readonly string[] {
  if (cell.impossible !== null) return [];
  if (cell.kills.length === 0) return ['nothing was killed: the cell is empty'];
  return cell.kills.flatMap((kill) => faultsOfKill(kill).map((fault) => `${kill.name}: ${fault}`));
}

/** What does not hold of a kill, each a sentence. */
export function faultsOfKill(kill: CellResult['kills'][number]): readonly string[] {
  const faults = [...kill.faults];
  if (faults.length > 0) return faults;
  if (kill.hit === null) faults.push('its moment was never reached');
  if (kill.end === null) faults.push('the run did not end');
  return faults;
}

/** Everything that does not hold, by place; empty when all does. */
export function findingsIn(proof: Proof): readonly Finding[] {
  const part = (where: string, faults: readonly string[]): Finding => ({ where, faults, cell: null });
  return [
    part('Outside the sandbox', proof.outside.violations),
    ...STAGES.flatMap((stage) => CLASSES.map((kind) => findingInCell(proof, stage, kind))),
    part('Laws of every system', proof.model === null ? [] : faultsOfSystems(proof.model.systems)),
    part('Model', proof.model?.faults ?? []),
    part('Matrix', proof.matrix?.faults ?? []),
    part('Faults injected', proof.injections?.faults ?? []),
    part('Daemon', proof.daemon === null ? [] : faultsOfDaemon(proof.daemon)),
  ].filter(({ faults }) => faults.length > 0);
}

/** What does not hold of the daemon, each a sentence. */
export function faultsOfDaemon({ kills, byMoment, faults }: DaemonResult): readonly string[] {
  const reached = Object.values(byMoment).reduce((sum, count) => sum + count, 0);
  if (faults.length > 0) return faults;
  if (kills === 0) return ['nothing was killed'];
  return reached < kills ? [`${kills - reached} moments were never reached`] : [];
}

function faultsOfSystems(systems: readonly SystemProof[]): readonly string[] {
  if (systems.length === 0) return ['no system was proven'];
  return systems.flatMap((system) => faultsOf(system).map((fault) => `${system.kind}: ${fault}`));
}

function findingInCell(proof: Proof, stage: Stage, kind: KillClass): Finding {
  const where = cellName(stage, kind);
  const cell = cellAt(proof, stage, kind);
  if (cell !== null) return { where, faults: faultsOfCell(cell), cell };
  return { where, faults: wasAsked(proof, stage, kind) ? ['the cell is missing'] : [], cell };
}

/** True when the proof says that it holds, and nothing in it says otherwise. */
export function doesHold(proof: Proof): boolean {
  return proof.holds && findingsIn(proof).length === 0;
}

/** Sums over the kills of all cells. */
export function killSums({ cells }: Proof): KillSums {
  const kills = cells.flatMap((cell) => cell.kills);
  const sum = (of: (kill: (typeof kills)[number]) => number): number => kills.reduce((all, kill) => all + of(kill), 0);
  return {
    kills: kills.length,
    cells: cells.filter((cell) => cell.kills.length > 0).length,
    impossible: cells.filter((cell) => cell.impossible !== null).length,
    recorded: sum((kill) => kill.starts.recorded),
    witnessed: sum((kill) => kill.starts.witnessed),
    eventsChecked: sum((kill) => kill.eventsChecked),
  };
}

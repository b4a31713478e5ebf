/**
 * The checklist on the page: stage by class, and each cell's kills to fold out.
 *
 * Owns: both tables, the reasons of cells that cannot occur. Does not own: the page around them (proof-html), their look (page-style).
 */
import {
  type CellResult,
  CLASSES,
  type KillClass,
  type KillResult,
  type Proof,
  reproduction,
  STAGES,
  type Stage,
} from '../proof.ts';
import { cellAt, cellName, faultsOfCell, faultsOfKill, standingOf } from './findings.ts';
import { html, type Markup } from './markup.ts';
import { CLASS_NAMES, counted, duration, numeral, STAGE_NAMES, VICTIM_NAMES } from './words.ts';

const anchor = (stage: Stage, kind: KillClass): string => `${stage}-${kind}`;

/** Stage by class: each cell with its number of kills and its result. Roles are named because small screens lay it out as blocks. */
export function checklist(proof: Proof): Markup {
  const reasons = [...new Set(proof.cells.flatMap(({ impossible }) => impossible ?? []))];
  return html`
<table class="matrix" role="table" aria-label="Checklist: stage by class">
<thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader"><span class="soft">What was on the disk</span></th>${STAGES.map(
    (stage) => html`<th scope="col" role="columnheader">${STAGE_NAMES[stage]}</th>`,
  )}</tr></thead>
<tbody role="rowgroup">${CLASSES.map(
    (kind) => html`
<tr role="row"><th scope="row" role="rowheader">${CLASS_NAMES[kind]}</th>${STAGES.map(
      (stage) => html`<td role="cell">${matrixCell(proof, stage, kind, reasons)}</td>`,
    )}</tr>`,
  )}
</tbody></table>
${reasons.length === 0 ? null : html`<h3>What cannot occur</h3><ol class="notes">${reasons.map((reason) => html`<li>${reason}</li>`)}</ol>`}`;
}

function matrixCell(proof: Proof, stage: Stage, kind: KillClass, reasons: readonly string[]): Markup {
  const standing = standingOf(proof, stage, kind);
  const name = STAGE_NAMES[stage];
  const cell = cellAt(proof, stage, kind);
  if (standing === 'notAsked')
    return html`<span class="cell-notAsked" data-stage="${name}"><small>not requested</small></span>`;
  if (cell === null) {
    return html`<span class="cell-fails" data-stage="${name}"><b><span class="sign">✕</span> missing</b></span>`;
  }
  if (cell.impossible !== null) {
    return html`<span class="cell-impossible" data-stage="${name}"><small>cannot occur, reason ${reasons.indexOf(cell.impossible) + 1}</small></span>`;
  }
  const failed = cell.kills.filter((kill) => faultsOfKill(kill).length > 0).length;
  const [sign, result] =
    standing === 'holds' ? ['✓', counted(cell.kills.length, 'kill holds', 'kills hold')] : ['✕', shareOf(failed, cell)];
  return html`<a class="cell-${standing}" data-stage="${name}" href="#${anchor(stage, kind)}"><b><span class="sign" aria-hidden="true">${sign}</span> ${numeral(cell.kills.length)}</b><small>${result.replace(/^[\d,]+ /, '')}</small></a>`;
}

function shareOf(failed: number, { kills }: CellResult): string {
  return kills.length === 0 ? 'empty: nothing was killed' : `kills, ${numeral(failed)} with faults`;
}

/** Each cell that can occur, by stage, its kills to fold out; those with faults are open. */
export function killFolds(proof: Proof): readonly Markup[] {
  return STAGES.flatMap((stage) => {
    const cells = CLASSES.map((kind) => cellAt(proof, stage, kind));
    const shown = cells.flatMap((cell) => (cell === null || cell.impossible !== null ? [] : [cell]));
    if (shown.length === 0) return [];
    return html`<h3>${STAGE_NAMES[stage]}</h3><div class="folds">${shown.map((cell) => fold(proof, cell))}</div>`;
  });
}

function fold(proof: Proof, cell: CellResult): Markup {
  const { stage, class: kind, kills } = cell;
  const faults = faultsOfCell(cell).length;
  const result =
    faults === 0
      ? html`<span class="good small">✓ ${counted(kills.length, 'kill')}</span>`
      : html`<span class="bad small">✕ ${counted(faults, 'fault')}, ${counted(kills.length, 'kill')}</span>`;
  const open = faults === 0 ? null : html` open`;
  return html`
<details${open}><summary><span>${CLASS_NAMES[kind]}</span>${result}</summary>
<div class="fold"><p class="small soft" id="${anchor(stage, kind)}">Cell <code>${cellName(stage, kind)}</code>. To repeat it:</p>
<code class="command">${reproduction(proof, cell)}</code>
${kills.length === 0 ? html`<p class="bad">Nothing was killed.</p>` : killTable(cell)}</div></details>`;
}

const COLUMNS = ['Kill', 'Victim', 'End of the run', 'Starts', 'Events', 'Recovery'];
const NUMBERS_FROM = COLUMNS.indexOf('Starts');

function killTable({ stage, class: kind, kills }: CellResult): Markup {
  return html`<table class="kills" role="table" aria-label="Kills of ${cellName(stage, kind)}">
<thead role="rowgroup"><tr role="row">${COLUMNS.map(
    (name, n) => html`<th scope="col" role="columnheader"${numberClass(n)}>${name}</th>`,
  )}</tr></thead>
<tbody role="rowgroup">${kills.map(killRow)}</tbody></table>
<p class="small soft legend">Starts: worker starts that the journal records, and those that left a line outside it. Events: acknowledged before the kill, and found again after it. Recovery: from the start of the process that recovers to its first resumed effect.</p>`;
}

function numberClass(column: number): Markup | null {
  return column >= NUMBERS_FROM ? html` class="num"` : null;
}

function killRow(kill: KillResult): Markup {
  const { name, moment, victim, hit, end, starts, eventsChecked, recoveryMs } = kill;
  const faults = faultsOfKill(kill);
  const sign =
    faults.length === 0
      ? html`<span class="good" role="img" aria-label="holds:">✓</span>`
      : html`<span class="bad" role="img" aria-label="does not hold:">✕</span>`;
  const told =
    faults.length === 0 ? null : html`<ul class="bad">${faults.map((fault) => html`<li>${fault}</li>`)}</ul>`;
  const values: readonly (Markup | string)[] = [
    VICTIM_NAMES[victim],
    end ?? html`<span class="bad">none</span>`,
    `${numeral(starts.recorded)} / ${numeral(starts.witnessed)}`,
    numeral(eventsChecked),
    recoveryMs === null ? 'none needed' : duration(recoveryMs),
  ];
  return html`
<tr role="row"><th scope="row" role="rowheader">${sign} ${name}${name.includes(moment) ? null : html`<small>${moment}</small>`}<small class="mono">${hit ?? 'never reached'}</small>${told}</th>${values.map(
    (value, n) => html`<td role="cell" data-name="${COLUMNS[n + 1] ?? ''}"${numberClass(n + 1)}>${value}</td>`,
  )}</tr>`;
}

/**
 * A proof as lines for a terminal of 100 columns.
 *
 * Owns: the columns, what is left out there. Does not own: words and numbers (words), where it is printed (cli).
 *
 * Invariant: 1. No line is longer than 100 columns, and no text from outside is obeyed by the terminal.
 */
import type { createColors } from 'picocolors';
import { CLASSES, type DaemonResult, type KillClass, type Proof, reproduction, STAGES, type Stage } from '../proof.ts';
import type { SystemProof } from '../system/system-proof.ts';
import { cellAt, doesHold, type Finding, faultsOfKill, findingsIn, killSums, standingOf } from './findings.ts';
import {
  CLASS_NAMES,
  commandOf,
  counted,
  duration,
  harmless,
  numeral,
  STAGE_NAMES,
  scopeOf,
  shareOf,
  verdictOf,
} from './words.ts';

/** The colours of the stream that it is for. */
export type Colours = ReturnType<typeof createColors>;

/** Columns of a line. */
export const TEXT_COLUMNS = 100;
const CLASS_COLUMNS = 33;
const STAGE_COLUMNS = 13;
const LABEL_COLUMNS = 12;
const FINDINGS_MAX = 20;
const FAULT_LINES_MAX = 6;

/** The report, its last line without an end. */
export function proofText(proof: Proof, colour: Colours): string {
  const { headline, sentence } = verdictOf(proof);
  const paint = doesHold(proof) ? colour.green : colour.red;
  const lines = [
    colour.dim(cut(`Restart proof · ${scopeOf(proof)} · seed ${proof.seed} · ${duration(proof.tookMs)}`)),
    '',
    ...checklist(proof, colour),
    '',
    ...facts(proof, colour),
    ...shownFindings(proof, colour),
    '',
    colour.bold(paint(headline)),
    ...wrapped(sentence, 0),
  ];
  return lines.join('\n');
}

function checklist(proof: Proof, colour: Colours): readonly string[] {
  const header = STAGES.map((stage) => shortStage(stage).padStart(STAGE_COLUMNS)).join('');
  return [
    colour.dim(''.padEnd(CLASS_COLUMNS) + header),
    ...CLASSES.map((kind) => {
      const cells = STAGES.map((stage) => cellText(proof, stage, kind, colour));
      return CLASS_NAMES[kind].padEnd(CLASS_COLUMNS) + cells.join('');
    }),
  ];
}

function shortStage(stage: Stage): string {
  return { ...STAGE_NAMES, implementation: 'Implement', verification: 'Verify', internalReview: 'Review' }[stage];
}

function cellText(proof: Proof, stage: Stage, kind: KillClass, colour: Colours): string {
  const standing = standingOf(proof, stage, kind);
  const kills = cellAt(proof, stage, kind)?.kills ?? [];
  const failed = kills.filter((kill) => faultsOfKill(kill).length > 0).length;
  const right = (text: string): string => text.padStart(STAGE_COLUMNS);
  switch (standing) {
    case 'holds':
      return colour.green(right(`✓ ${numeral(kills.length)}`));
    case 'fails':
      return colour.red(right(kills.length === 0 ? '✕ empty' : `✕ ${numeral(failed)} of ${numeral(kills.length)}`));
    case 'impossible':
      return colour.dim(right('–'));
    case 'notAsked':
      return colour.dim(right('·'));
  }
}

/** A start is recorded before the worker begins: what dies in between leaves no line of its own, and that is no fault. */
function unwitnessed(count: number): string {
  return count > 0 ? `: ${numeral(count)} killed before the worker's first line` : '';
}

function facts(proof: Proof, colour: Colours): readonly string[] {
  const { model, matrix, injections, recovery, outside } = proof;
  const { kills, recorded, witnessed, eventsChecked, impossible } = killSums(proof);
  const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
  const rows: (readonly [string, string])[] = [
    ['kills', `${numeral(kills)}${impossible > 0 ? `; – cannot occur (the page gives the reasons)` : ''}`],
    [
      'workers',
      `${counted(recorded, 'start')} recorded, ${numeral(witnessed)} witnessed${unwitnessed(recorded - witnessed)}`,
    ],
    ['events', `${numeral(eventsChecked)} acknowledged before a kill, checked after it`],
  ];
  if (recovery !== null) {
    const { p50Ms, p99Ms, slowestMs, count } = recovery;
    rows.push([
      'recovery',
      `p50 ${duration(p50Ms)}, p99 ${duration(p99Ms)}, slowest ${duration(slowestMs)}, of ${numeral(count)}`,
    ]);
    const growth = recovery.growth.map(({ records, ms }) => `${numeral(records)} records ${duration(ms)}`);
    if (growth.length > 0) rows.push(['', growth.join(', ')]);
  }
  if (model !== null) {
    const [states, steps] = [
      sum(model.worlds.map((world) => world.states)),
      sum(model.worlds.map((world) => world.steps)),
    ];
    for (const system of model.systems) rows.push(['systems', systemText(system)]);
    rows.push(['model', `${numeral(states)} states, ${numeral(steps)} steps walked, ${duration(model.tookMs)}`]);
  }
  if (matrix !== null) {
    const { cases, edges, tookMs } = matrix;
    rows.push([
      'matrix',
      `${numeral(cases.single)} stops, ${numeral(cases.double)} double, ${numeral(edges.walked)} of ${numeral(edges.of)} steps, ${duration(tookMs)}`,
    ]);
  }
  if (injections !== null) {
    const each = Object.entries(injections.injected).map(([name, count]) => `${name} ${numeral(count)}`);
    rows.push(['faults', `${each.join(', ')}, ${duration(injections.tookMs)}`]);
  }
  if (proof.daemon !== null) rows.push(...daemonRows(proof.daemon));
  for (const line of outside.wrote) rows.push(['wrote', line]);
  for (const line of outside.guards) rows.push(['watched', line]);
  rows.push(['outside', outside.violations.length === 0 ? 'nothing' : counted(outside.violations.length, 'violation')]);
  rows.push(['repeat', commandOf(proof)]);
  return rows.flatMap(([name, text], n) => factLines(name === rows[n - 1]?.[0] ? '' : name, text, colour));
}

function daemonRows({ kills, workersAtWork, commands, changes, ready, tookMs }: DaemonResult): [string, string][] {
  const workers = `${counted(workersAtWork, 'worker')} at work meanwhile`;
  const asked = `${counted(commands.sent, 'command')} under keys, ${numeral(commands.repeated)} of them repeated`;
  const start =
    ready === null ? '' : `; ready after ${duration(ready.p50Ms)} (p50), ${duration(ready.slowestMs)} (slowest)`;
  return [
    ['daemon', `${counted(kills, 'kill')} with three clients connected, ${workers}, ${duration(tookMs)}`],
    ['daemon', `${asked}; ${counted(changes.followed, 'change')} followed${start}`],
  ];
}

function systemText({ kind, states, steps, paths, stops, failures, tookMs }: SystemProof): string {
  const walked = `${kind}: ${counted(states, 'state')}, ${counted(steps, 'step')} under the laws of every system`;
  const played = `${shareOf(stops, 'stop')}, ${shareOf(failures, 'failing operation')} on ${counted(paths, 'path')}`;
  return `${walked}; ${played}, ${duration(tookMs)}`;
}

function factLines(name: string, text: string, colour: Colours): readonly string[] {
  return wrapped(text, LABEL_COLUMNS).map((line, n) =>
    n === 0 ? `${colour.dim(name.padEnd(LABEL_COLUMNS))}${line.slice(LABEL_COLUMNS)}` : line,
  );
}

function shownFindings(proof: Proof, colour: Colours): readonly string[] {
  const findings = findingsIn(proof);
  if (findings.length === 0) return [];
  const left = findings.length - FINDINGS_MAX;
  return [
    '',
    colour.bold(colour.red('What does not hold')),
    ...findings.slice(0, FINDINGS_MAX).flatMap((finding) => findingLines(proof, finding, colour)),
    ...(left > 0 ? [colour.dim(`and ${numeral(left)} more on the page`)] : []),
  ];
}

function findingLines(proof: Proof, { where, faults, cell }: Finding, colour: Colours): readonly string[] {
  const lines = faults.flatMap((fault) => wrapped(fault, 4));
  const shown = lines.slice(0, FAULT_LINES_MAX);
  return [
    `  ${colour.red('✕')} ${cut(where, TEXT_COLUMNS - 4)}`,
    ...shown,
    ...(shown.length < lines.length ? [colour.dim('    … and more on the page')] : []),
    ...(cell === null ? [] : [colour.dim(`    ${reproduction(proof, cell)}`)]),
  ];
}

function cut(text: string, columns = TEXT_COLUMNS): string {
  const plain = harmless(text);
  return plain.length <= columns ? plain : `${plain.slice(0, columns - 1)}…`;
}

/** Broken between words, in words where one is too long, every line indented. */
function wrapped(text: string, indent: number): readonly string[] {
  const width = TEXT_COLUMNS - indent;
  const lines: string[] = [];
  let line = '';
  for (const word of harmless(text)
    .split(' ')
    .flatMap((each) => pieces(each, width))) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => ' '.repeat(indent) + each);
}

function pieces(word: string, width: number): readonly string[] {
  const found: string[] = [];
  for (let rest = word; ; rest = rest.slice(width)) {
    found.push(rest.slice(0, width));
    if (rest.length <= width) return found;
  }
}

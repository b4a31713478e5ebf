/**
 * The parts of the page beside the checklist: model, matrix, injected faults, recovery, outside, circumstances.
 *
 * Owns: one section for each. Does not own: the page around them (proof-html), their look (page-style).
 */
import type { DaemonResult, InjectionResult, MatrixResult, ModelResult, Proof, RecoveryTimes } from '../proof.ts';
import { faultsOf, type Share, type SystemProof } from '../system/system-proof.ts';
import { faultsOfDaemon } from './findings.ts';
import { type Hole, html, type Markup } from './markup.ts';
import { counted, duration, numeral } from './words.ts';

/** A part with its title; nothing where it was not asked for. */
function part<T>(title: string, result: T | null, show: (result: T) => Markup): Markup | null {
  return result === null ? null : html`<section><h2>${title}</h2>${show(result)}</section>`;
}

function standing(faults: readonly string[], good: string): Markup {
  if (faults.length === 0) return html`<p class="good">✓ ${good}</p>`;
  return html`<p class="bad">✕ ${counted(faults.length, 'fault')}</p>${listOf(faults)}`;
}

function listOf(lines: readonly string[]): Markup {
  return html`<ul class="plain">${lines.map((line) => html`<li>${line}</li>`)}</ul>`;
}

/** The machines' states, walked; null where that was not asked for. */
export function modelPart(result: ModelResult | null): Markup | null {
  return part('States and steps walked', result, ({ worlds, faults, tookMs }) => {
    const sum = (of: (world: (typeof worlds)[number]) => number): number =>
      worlds.reduce((all, one) => all + of(one), 0);
    return html`<p>Every state that the run and task machines can reach, and every step between them, under each of these bounds. The invariants were checked in all of them, in ${duration(tookMs)}.</p>
${standing(faults, 'Every invariant holds in every state.')}
<table><thead><tr><th scope="col">Bounds</th><th scope="col" class="num">States</th><th scope="col" class="num">Steps</th></tr></thead>
<tbody>${worlds.map(({ name, states, steps }) => html`<tr><th scope="row">${name}</th><td class="num">${numeral(states)}</td><td class="num">${numeral(steps)}</td></tr>`)}
<tr><th scope="row">all</th><td class="num">${numeral(sum(({ states }) => states))}</td><td class="num">${numeral(sum(({ steps }) => steps))}</td></tr></tbody></table>`;
  });
}

/** Every system of the product by the laws of all of them; null where that was not asked for. */
export function systemsPart(result: ModelResult | null): Markup | null {
  return part(
    'Laws of every system',
    result,
    ({
      systems,
    }) => html`<p>These laws hold for any system of the kernel: nothing hangs, whatever is owed can be settled and counts once, nothing final owes anything, every state that is restored from disk decides the same. They were checked in every state and at every step. Then paths were played through the engine, which was stopped before its calls and whose file operations were made to fail; other engines continued from what was left. The seed chose paths, stops and failures.</p>
${standing(systems.flatMap(faultsOf), 'They hold in every state, at every step and after every stop.')}
<table><thead><tr><th scope="col">System</th>${SYSTEM_COLUMNS.map(([name]) => html`<th scope="col" class="num">${name}</th>`)}</tr></thead>
<tbody>${systems.map((system) => html`<tr><th scope="row">${system.kind}</th>${SYSTEM_COLUMNS.map(([, of]) => html`<td class="num">${of(system)}</td>`)}</tr>`)}</tbody></table>`,
  );
}

const SYSTEM_COLUMNS: readonly (readonly [name: string, of: (system: SystemProof) => string])[] = [
  ['States', ({ states }) => numeral(states)],
  ['Steps', ({ steps }) => numeral(steps)],
  ['Paths', ({ paths }) => numeral(paths)],
  ['Stops', ({ stops }) => shareText(stops)],
  ['Failures', ({ failures }) => shareText(failures)],
  ['Took', ({ tookMs }) => duration(tookMs)],
];

function shareText({ tried, of }: Share): string {
  return `${numeral(tried)} of ${numeral(of)}`;
}

/** Stops of a simulated machine, by port call; null where they were not asked for. */
export function matrixPart(result: MatrixResult | null): Markup | null {
  return part(
    'Stopped at every call',
    result,
    ({ stories, edges, cases, byCall, starts, eventsChecked, faults, tookMs }) => {
      return html`<p>A simulated machine whose disk forgets what was not synced. ${counted(stories, 'story', 'stories')} took ${numeral(edges.walked)} of ${counted(edges.of, 'step')} of the model; the world was stopped once at ${counted(cases.single, 'call')} and twice at ${numeral(cases.double)}, started again, and compared with an uninterrupted run. It took ${duration(tookMs)}.</p>
${standing(faults, `Every stop was recovered from: ${numeral(starts.witnessed)} worker starts of ${numeral(starts.expected)} expected, ${counted(eventsChecked, 'event')} found again.`)}
${barTable(
  'Call',
  'Stops',
  Object.entries(byCall).sort(([, a], [, b]) => b - a),
  numeral,
)}`;
    },
  );
}

function barTable(
  first: string,
  second: string,
  rows: readonly (readonly [string, number])[],
  shown: (value: number) => string,
): Markup {
  const most = Math.max(1, ...rows.map(([, value]) => value));
  return html`<table><thead><tr><th scope="col">${first}</th><th scope="col" class="num">${second}</th><td class="wide"></td></tr></thead>
<tbody>${rows.map(([name, value]) => html`<tr><th scope="row" class="mono">${name}</th><td class="num">${shown(value)}</td><td class="wide"><span class="bar" style="--share:${((100 * value) / most).toFixed(1)}%"></span></td></tr>`)}</tbody></table>`;
}

/** File operations that the system refused; null where that was not asked for. */
export function injectionPart(result: InjectionResult | null): Markup | null {
  return part('Operations that failed', result, ({ injected, faults, tookMs }) => {
    const rows = Object.entries(injected);
    const all = rows.reduce((sum, [, count]) => sum + count, 0);
    return html`<p>${counted(all, 'file operation')} of whole runs failed or were cut short, one in each run, in ${duration(tookMs)}. A run must report the failure with a code, lose nothing that was acknowledged, and finish once the fault is gone.</p>
${standing(faults, 'Every fault was reported, and the next start continued.')}
${barTable('Fault', 'Times', rows, numeral)}`;
  });
}

/** Daemons that were killed; null where that was not asked for. */
export function daemonPart(result: DaemonResult | null): Markup | null {
  return part('The daemon', result, (daemon) => {
    const { kills, byMoment, workersAtWork, commands, changes, starts, ready, tookMs } = daemon;
    return html`<p>${counted(kills, 'daemon')} killed, each followed by another one on the same state folder, while two clients followed the change feed (over the socket and over TCP), a third one sent commands under keys, and workers worked. It took ${duration(tookMs)}.</p>
${standing(faultsOfDaemon(daemon), 'Every accepted command took effect once, both followers saw every change once and in order, no worker was touched, and every next daemon recovered by itself.')}
${figureList([
  ['commands, repeated', html`${numeral(commands.sent)} <small>/ ${numeral(commands.repeated)}</small>`],
  ['changes followed', numeral(changes.followed)],
  ['workers at work at a kill', numeral(workersAtWork)],
  [
    'worker starts recorded, and witnessed',
    html`${numeral(starts.recorded)} <small>/ ${numeral(starts.witnessed)}</small>`,
  ],
  ...(ready === null ? [] : [['half ready within', duration(ready.p50Ms)] as const]),
])}
${barTable(
  'Killed',
  'Times',
  Object.entries(byMoment).sort(([, a], [, b]) => b - a),
  numeral,
)}`;
  });
}

/** Times to the first resumed effect, and what they grow with; null where nothing was resumed. */
export function recoveryPart(result: RecoveryTimes | null): Markup | null {
  return part('Time to recover', result, ({ count, p50Ms, p99Ms, slowestMs, growth }) => {
    const figures: readonly (readonly [string, Hole])[] = [
      ['half within', duration(p50Ms)],
      ['99 % within', duration(p99Ms)],
      ['slowest', duration(slowestMs)],
    ];
    return html`<p>From the start of the process that recovers to its first resumed effect, over ${counted(count, 'recovery', 'recoveries')}.</p>
${figureList(figures)}
${
  growth.length === 0
    ? null
    : html`<h3>What a longer journal costs</h3>${barTable(
        'Records in the journal',
        'To open it',
        growth.map(({ records, ms }) => [numeral(records), ms] as const),
        duration,
      )}`
}`;
  });
}

/** Figures with what they say. */
export function figureList(figures: readonly (readonly [name: string, value: Hole])[]): Markup {
  return html`<dl class="figures">${figures.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** Nothing outside: how it was watched, and what was written. */
export function outsidePart({ guards, wrote, violations }: Proof['outside']): Markup {
  return html`<section><h2>Nothing outside</h2>
${standing(violations, 'No network was used, and nothing outside the sandbox was changed.')}
<h3>How it was watched</h3>${guards.length === 0 ? html`<p class="bad">It was not watched.</p>` : listOf(guards)}
<h3>What the runs wrote</h3>${wrote.length === 0 ? html`<p class="soft">Nothing.</p>` : listOf(wrote)}</section>`;
}

/** The machine, the versions, roles and limits. */
export function circumstancesPart({ circumstances, startedAt, tookMs }: Proof): Markup {
  const { pawl, node, git, system, cores, memoryMiB, isolation, configuration, roles, limits } = circumstances;
  const pairs = (of: Readonly<Record<string, unknown>>): string =>
    Object.entries(of)
      .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join(', ');
  const facts: readonly (readonly [string, string])[] = [
    ['Pawl', pawl],
    ['Node.js', node],
    ['git', git],
    ['System', system],
    ['Processors, memory', `${numeral(cores)}, ${numeral(memoryMiB)} MiB`],
    ["Workers' isolation", isolation],
    ['Configuration', configuration ?? 'the defaults'],
    ['Roles', pairs(roles) || 'the defaults'],
    ['Limits', pairs(limits) || 'the defaults'],
    ['Started, took', `${startedAt}, ${duration(tookMs)}`],
  ];
  return html`<section><h2>Environment</h2><dl class="facts">${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl></section>`;
}

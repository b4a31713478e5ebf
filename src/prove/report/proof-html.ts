/**
 * A proof as one page that needs nothing else: no script, no other file, no network.
 *
 * Owns: the page's order and its head. Does not own: the checklist (cells-html), the other parts (parts-html), the look (page-style).
 *
 * Invariants: 1. The page forbids itself to load anything (its content security policy). 2. What comes from the proof is shown, never obeyed (markup).
 */
import { type Proof, reproduction } from '../proof.ts';
import { checklist, killFolds } from './cells-html.ts';
import { doesHold, findingsIn, killSums } from './findings.ts';
import { type Hole, html, Markup } from './markup.ts';
import { PAGE_STYLE } from './page-style.ts';
import {
  circumstancesPart,
  daemonPart,
  figureList,
  injectionPart,
  matrixPart,
  modelPart,
  outsidePart,
  recoveryPart,
  systemsPart,
} from './parts-html.ts';
import { commandOf, duration, numeral, scopeOf, verdictOf } from './words.ts';

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** The text of `proof.html`. */
export function proofHtml(proof: Proof): string {
  const { headline, sentence } = verdictOf(proof);
  const body = html`
<main>
<header>
<p class="over"><b>Pawl</b> restart proof · ${scopeOf(proof)} · seed ${proof.seed} · ${proof.startedAt}</p>
<h1 class="${doesHold(proof) ? 'good' : 'bad'}">${headline}</h1>
<p class="lead">${sentence}</p>
${figureList(headFigures(proof))}
</header>
${findings(proof)}
<section><h2>Checklist</h2>
<p>Pawl was killed at each stage while the disk was in the state named on the left, and then started again. Each cell shows the number of kills and whether all passed: the run ended as if it had not been killed, no worker was started twice, and every acknowledged event is still there. Select a cell to see its kills.</p>
${checklist(proof)}</section>
<section><h2>Every kill</h2>${killFolds(proof)}</section>
${recoveryPart(proof.recovery)}
${systemsPart(proof.model)}
${modelPart(proof.model)}
${matrixPart(proof.matrix)}
${injectionPart(proof.injections)}
${daemonPart(proof.daemon)}
${outsidePart(proof.outside)}
${circumstancesPart(proof)}
<section><h2>Repeat</h2><p>The same kills in the same order, on this version:</p><code class="command">${commandOf(proof)}</code></section>
<footer>docs/proof.md explains what this shows and what it does not. The figures are in proof.json, beside this page.</footer>
</main>`;
  const title = `${headline} Restart proof of Pawl`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY)}">
<title>${title}</title>
<style>${new Markup(PAGE_STYLE)}</style>
</head>
<body>${body}</body>
</html>
`.text;
}

function headFigures(proof: Proof): readonly (readonly [string, Hole])[] {
  const { kills, recorded, witnessed, eventsChecked } = killSums(proof);
  const { model, matrix, injections, recovery, outside } = proof;
  const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
  const figures: (readonly [string, Hole])[] = [
    ['kills of real processes', numeral(kills)],
    ['worker starts recorded, and witnessed', html`${numeral(recorded)} <small>/ ${numeral(witnessed)}</small>`],
    ['acknowledged events checked', numeral(eventsChecked)],
  ];
  if (recovery !== null) figures.push(['99 % of recoveries within', duration(recovery.p99Ms)]);
  if (model !== null)
    figures.push(['states of the model walked', numeral(sum(model.worlds.map(({ states }) => states)))]);
  if (matrix !== null)
    figures.push(['stops of a simulated machine', numeral(matrix.cases.single + matrix.cases.double)]);
  if (injections !== null) figures.push(['faults injected', numeral(sum(Object.values(injections.injected)))]);
  if (proof.daemon !== null) figures.push(['kills of daemons', numeral(proof.daemon.kills)]);
  figures.push(['changes outside, connections', numeral(outside.violations.length)]);
  return figures;
}

function findings(proof: Proof): Markup | null {
  const list = findingsIn(proof);
  if (list.length === 0) return null;
  return html`<section class="findings"><h2>What does not hold</h2><ol>${list.map(
    ({ where, faults, cell }) =>
      html`<li><b>${where}</b><ul>${faults.map((fault) => html`<li>${fault}</li>`)}</ul>${cell === null ? null : html`<code>${reproduction(proof, cell)}</code>`}</li>`,
  )}</ol></section>`;
}

/**
 * How the report's page looks, in light and in dark, on a phone, a desk and on paper.
 *
 * Owns: the style sheet. Does not own: the markup that it is for (proof-html and its parts).
 *
 * Meaning never hangs on colour alone: every result also has a sign and a word.
 */

/** The whole style sheet. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --raised: #ffffff; --ink: #1f2324; --soft: #5d6467; --line: #e2dfd8; --wash: #f3f1eb;
  --good: #256548; --good-wash: #e7f1ea; --bad: #a32b23; --bad-wash: #fbe9e6; --bar: #b9cfc2;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", "Book Antiqua", Georgia, serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "Roboto Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16181a; --raised: #1c1f21; --ink: #e6e3dc; --soft: #9fa5a6; --line: #313538; --wash: #212527;
    --good: #8bcba6; --good-wash: #1d2d25; --bad: #f29a8f; --bad-wash: #3a2220; --bar: #3d5a4b;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 var(--sans); font-variant-numeric: tabular-nums; }
main { max-width: 70rem; margin: 0 auto; padding: clamp(1.5rem, 5vw, 4.5rem) clamp(1rem, 4vw, 3rem) 5rem; }
a { color: inherit; text-decoration-color: var(--soft); text-decoration-thickness: 1px; text-underline-offset: .2em; }
a:hover { text-decoration-color: currentColor; }
:focus-visible { outline: 2px solid var(--good); outline-offset: 2px; border-radius: 2px; }
p { margin: 0 0 1rem; max-width: 44rem; }
h1, h2 { font-family: var(--serif); font-weight: 400; text-wrap: balance; }
h1 { font-size: clamp(2.75rem, 8vw, 4.75rem); line-height: 1.04; letter-spacing: -.018em; margin: .75rem 0 1.25rem; }
h2 { font-size: 1.65rem; line-height: 1.2; margin: 4rem 0 .5rem; }
h3 { font-size: 1rem; font-weight: 600; margin: 2rem 0 .5rem; }
code, .mono { font-family: var(--mono); font-size: .86em; overflow-wrap: anywhere; }
.over { color: var(--soft); font-size: .9rem; margin: 0; max-width: none; }
.over b { color: var(--ink); font-weight: 600; }
.lead { font-size: 1.15rem; line-height: 1.5; }
.soft { color: var(--soft); }
.small { font-size: .875rem; }
.good { color: var(--good); } .bad { color: var(--bad); }
.command { display: block; background: var(--wash); border-radius: 6px; padding: .6rem .85rem; margin: .75rem 0 1rem; max-width: none; }

.figures { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 1.5rem 2rem; margin: 2.5rem 0 0; padding: 1.5rem 0 0; border-top: 1px solid var(--line); }
.figures div { display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.figures dt { color: var(--soft); font-size: .875rem; line-height: 1.35; }
.figures dd { margin: 0; font-family: var(--serif); font-size: 1.9rem; line-height: 1.25; }
.figures small { font-family: var(--sans); font-size: .9rem; color: var(--soft); }

.findings { background: var(--bad-wash); border-left: 3px solid var(--bad); border-radius: 0 6px 6px 0; margin: 2.5rem 0 0; padding: 1.25rem 1.5rem .5rem; }
.findings h2 { margin: 0 0 .75rem; font-size: 1.3rem; }
.findings ol { margin: 0; padding-left: 1.4rem; }
.findings li { margin: 0 0 1rem; overflow-wrap: anywhere; }
.findings ul { margin: .25rem 0; padding-left: 1.1rem; } .findings ul li { margin: 0 0 .2rem; }

table { width: 100%; border-collapse: collapse; margin: 1rem 0 0; }
th, td { text-align: left; vertical-align: top; padding: .6rem .9rem .6rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-size: .84rem; font-weight: 500; vertical-align: bottom; }
tbody th { font-weight: 500; }
th.num, td.num { text-align: right; white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
td small, th small { display: block; color: var(--soft); font-weight: 400; font-size: .84rem; }
.matrix { table-layout: fixed; }
.matrix thead th:first-child { width: 27%; }
.matrix td { padding: .35rem .35rem .35rem 0; border: 0; }
.matrix th { border: 0; }
.matrix tbody th { vertical-align: middle; }
.matrix td > * { display: flex; flex-direction: column; justify-content: center; min-height: 3.6rem; padding: .5rem .75rem; border-radius: 6px; text-decoration: none; line-height: 1.3; }
.matrix td b { font-weight: 600; font-size: 1.05rem; }
.cell-holds { background: var(--good-wash); } .cell-holds .sign { color: var(--good); }
.cell-fails { background: var(--bad-wash); box-shadow: inset 0 0 0 1.5px var(--bad); } .cell-fails .sign { color: var(--bad); }
.cell-impossible, .cell-notAsked { background: var(--wash); color: var(--soft); }
a.cell-holds:hover, a.cell-fails:hover { box-shadow: inset 0 0 0 1.5px currentColor; }
.notes { margin: 1.25rem 0 0; padding-left: 1.4rem; color: var(--soft); font-size: .9rem; max-width: 48rem; }
.notes li { margin: 0 0 .4rem; }

details { border-bottom: 1px solid var(--line); }
.folds { border-top: 1px solid var(--line); }
summary { display: grid; grid-template-columns: 1.1rem minmax(0, 1fr) auto; gap: .4rem; align-items: baseline; padding: .7rem 0; cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary::before { content: "›"; color: var(--soft); transition: transform .12s; display: inline-block; transform-origin: 30% 55%; }
details[open] > summary::before { transform: rotate(90deg); }
.fold { padding: 0 0 1.5rem 1.5rem; }
.kills td, .kills th { font-size: .9rem; }
.kills tbody th { width: 46%; } .legend { margin: .85rem 0 0; }
.kills ul { margin: .2rem 0 0; padding-left: 1.1rem; overflow-wrap: anywhere; }
.bar { display: block; height: .5rem; min-width: 2px; width: var(--share); background: var(--bar); border-radius: 3px; margin-top: .5rem; }
td.wide { width: 45%; }
.facts { display: grid; grid-template-columns: minmax(8rem, 13rem) minmax(0, 1fr); gap: .45rem 1.5rem; margin: 1rem 0 0; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; overflow-wrap: anywhere; }
ul.plain { margin: .5rem 0 0; padding-left: 1.15rem; max-width: 48rem; } ul.plain li { margin: 0 0 .35rem; }
footer { margin-top: 4.5rem; padding-top: 1.25rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .875rem; }

@media (max-width: 46rem) {
  h2 { margin-top: 3rem; }
  .matrix, .matrix tbody, .matrix tr, .matrix th, .matrix td, .kills, .kills tbody, .kills tr, .kills th, .kills td { display: block; width: auto !important; }
  .matrix thead, .kills thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  .matrix tbody th { padding: 1.4rem 0 .3rem; }
  .matrix td { padding: 0 0 .3rem; }
  .matrix td > * { flex-direction: row; align-items: baseline; min-height: 0; gap: .4rem; }
  .matrix td > *::before { content: attr(data-stage); font-size: .95rem; margin-right: auto; }
  .kills tr { border-bottom: 1px solid var(--line); padding: .6rem 0; }
  .kills th, .kills td { border: 0; padding: .1rem 0; text-align: left; white-space: normal; }
  .kills td { display: inline; } .kills td:not(:last-child)::after { content: " · "; color: var(--soft); }
  .kills td.num::before { content: attr(data-name) " "; color: var(--soft); }
  .fold { padding-left: 0; }
  .facts { grid-template-columns: 1fr; gap: 0; } .facts dd { margin-bottom: .6rem; }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.25rem; } .figures dd { font-size: 1.55rem; }
}
@media print {
  :root { --paper: #fff; } body { font-size: 10.5pt; } main { padding: 0; max-width: none; }
  h2 { break-after: avoid; } tr, .figures div { break-inside: avoid; }
}
`;

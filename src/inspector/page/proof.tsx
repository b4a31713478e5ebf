/**
 * A restart proof as its matrix: stage by class.
 *
 * Owns: the matrix and the kills of the chosen cell. Does not own: the document (prove/proof), judging it anew beyond what it says.
 *
 * Invariant: 1. What is not a proof is told, not guessed at.
 */

import { useState } from 'preact/hooks';
import { isObject } from '../../base/canonical-json.ts';
import { shellCommand } from '../../base/shell-words.ts';
import { type CellResult, CLASSES, type Proof, STAGES } from '../../prove/proof.ts';
import { Chip, Command, Empty } from './parts.tsx';
import { counted, duration, words } from './words.ts';

/** The proof in a document, null when it is none. */
function proofIn(document: unknown): Proof | null {
  if (!isObject(document) || document.v !== 1 || !Array.isArray(document.cells)) return null;
  const areCells = document.cells.every((cell) => isObject(cell) && Array.isArray(cell.kills));
  const proof: unknown = document;
  return areCells ? (proof as Proof) : null;
}

/** The page of the proof; `document` is undefined until it has come. */
export function ProofPage({ document }: { readonly document: unknown }) {
  const [chosen, setChosen] = useState<string | null>(null);
  if (document === undefined) return <Empty title="Reading the proof…" />;
  const proof = proofIn(document);
  if (proof === null)
    return (
      <Empty title="No proof here">
        Make one with <Command text="pawl prove" /> and open the page again.
      </Empty>
    );
  const cell = proof.cells.find((each) => `${each.stage}/${each.class}` === chosen);
  return (
    <section class="proof" aria-labelledby="proof-title">
      <div class="bar">
        <h1 id="proof-title">Restart proof</h1>
        <Chip tone={proof.holds ? 'good' : 'bad'}>{proof.holds ? 'holds' : 'does not hold'}</Chip>
        <span class="soft">
          {proof.level}, seed {proof.seed}, {duration(proof.tookMs)}, {proof.startedAt}
        </span>
      </div>
      <div class="table-frame">
        <table class="matrix">
          <thead>
            <tr>
              <th scope="col">What was on the disk</th>
              {STAGES.map((stage) => (
                <th scope="col" key={stage}>
                  {words(stage)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {CLASSES.map((kind) => (
              <tr key={kind}>
                <th scope="row">{words(kind)}</th>
                {STAGES.map((stage) => (
                  <td key={stage}>
                    <Cell
                      cell={proof.cells.find((each) => each.stage === stage && each.class === kind)}
                      chosen={chosen}
                      choose={setChosen}
                    />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {cell === undefined ? (
        <p class="soft hint">Choose a cell to see its kills.</p>
      ) : (
        <Kills cell={cell} proof={proof} />
      )}
    </section>
  );
}

function faultsOf({ kills }: CellResult): number {
  return kills.filter(({ faults, hit, end }) => faults.length > 0 || hit === null || end === null).length;
}

function Cell({
  cell,
  chosen,
  choose,
}: {
  readonly cell: CellResult | undefined;
  readonly chosen: string | null;
  readonly choose: (name: string) => void;
}) {
  if (cell === undefined) return <span class="soft">not asked for</span>;
  if (cell.impossible !== null)
    return (
      <span class="soft" title={cell.impossible}>
        cannot occur
      </span>
    );
  const name = `${cell.stage}/${cell.class}`;
  const faults = faultsOf(cell);
  const isGood = cell.kills.length > 0 && faults === 0;
  return (
    <button type="button" class="cell" aria-pressed={chosen === name} onClick={() => choose(name)}>
      <Chip tone={isGood ? 'good' : 'bad'}>
        {isGood ? counted(cell.kills.length, 'kill') : `${faults} of ${cell.kills.length} with faults`}
      </Chip>
    </button>
  );
}

function Kills({ cell, proof }: { readonly cell: CellResult; readonly proof: Proof }) {
  return (
    <article aria-label={`${cell.stage}/${cell.class}`}>
      <h2>
        {words(cell.stage)} / {words(cell.class)}
      </h2>
      <Command
        text={shellCommand([
          'pawl',
          'prove',
          '--cell',
          `${cell.stage}/${cell.class}`,
          '--level',
          `${proof.level}`,
          '--seed',
          `${proof.seed}`,
        ])}
      />
      <div class="table-frame">
        <table class="kills">
          <thead>
            <tr>
              {['Kill', 'Victim', 'Hit', 'End of the run', 'Starts', 'Recovery', 'Faults'].map((name) => (
                <th scope="col" key={name}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {cell.kills.map((kill) => (
              <tr key={kill.name}>
                <th scope="row">{kill.name}</th>
                <td>{words(kill.victim)}</td>
                <td class="mono">{kill.hit ?? 'never came'}</td>
                <td>{kill.end ?? 'none'}</td>
                <td class="num">{`${kill.starts.recorded} / ${kill.starts.witnessed}`}</td>
                <td class="num">{kill.recoveryMs === null ? 'nothing to do' : duration(kill.recoveryMs)}</td>
                <td>{kill.faults.length === 0 ? <Chip tone="good">none</Chip> : kill.faults.join('; ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </article>
  );
}

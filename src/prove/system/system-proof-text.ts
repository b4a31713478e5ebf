/**
 * A proof as text.
 *
 * Owns: its words. Does not own: what was found (prove-system).
 */
import { counted } from '../../base/counted.ts';
import { type Finding, isSound, type Share, type SystemProof } from './system-proof.ts';

/** The proof as lines for a person: what was looked at, then each finding with a shortest way to it. */
export function proofText(proof: SystemProof): string {
  const { kind, states, steps, paths, stepsUnplayed, stops, failures, seed, tookMs } = proof;
  const unplayed = stepsUnplayed === 0 ? '' : `, ${counted(stepsUnplayed, 'step')} not played`;
  const lines = [
    `${kind}: ${isSound(proof) ? 'nothing refutes it' : 'refuted'}`,
    `  ${counted(states, 'state')}, ${counted(steps, 'step')}, ${counted(paths, 'path')}${unplayed}`,
    `  ${share(stops, 'stop')}, ${share(failures, 'failing file operation')}, seed ${seed}, ${(tookMs / 1000).toFixed(1)} s`,
    ...proof.statesNeverReached.map((name) => `- never reached: the state ${name}`),
    ...proof.effectsNeverAsked.map((name) => `- never asked for: the effect ${name}`),
    ...proof.broken.flatMap(findingLines),
  ];
  return `${lines.join('\n')}\n`;
}

function share({ tried, of }: Share, what: string): string {
  return tried === of ? counted(of, what) : `${tried} of ${counted(of, what)}`;
}

function findingLines({ sentence, path, count }: Finding): readonly string[] {
  const often = count === 1 ? '' : ` (${count} times)`;
  return [`- ${sentence}${often}`, ...(path.length === 0 ? [] : [`    after ${path.join(' → ')}`])];
}

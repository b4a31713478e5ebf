/** Which evidence a criterion has: only what names it, and it is met only where a gate says so. */
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/base/sha256.ts';
import type { CriterionVerdict } from '../../../src/model/request.ts';
import { readPackets } from '../../../src/packets/packets.ts';
import type { GateView } from '../../../src/run/gate-evidence.ts';
import { type CriterionView, criteriaOf } from '../../../src/run/handoff/criteria.ts';
import { goodPacket } from '../../packets/good-packet.ts';

const CRITERIA = {
  scope: { goal: 'A goal', acceptance_criteria: ['It works.', 'A10 is no id', '`npm test` is green'] },
  verification: { commands: ['npm test'], expectations: ['It is fast'] },
  review: { criteria: ['Names  are clear'] },
};

function gate(name: GateView['gate'], change: Partial<GateView> = {}): GateView {
  const bare = { status: 'PASS', epoch: 1, commit: 'c', summary: '', evidence: null, override: null } as const;
  return { ...bare, gate: name, findings: [], commands: [], criteria: [], ...change };
}

function criteria(...gates: readonly GateView[]): readonly CriterionView[] {
  const [reading] = readPackets(JSON.stringify([{ ...goodPacket(), ...CRITERIA }]), sha256).readings;
  if (reading === undefined) throw new Error('the packet cannot be read');
  return criteriaOf(reading.packet, gates);
}

const said = (criterion: string, status: CriterionVerdict['status'] = 'met'): CriterionVerdict => ({
  ...{ criterion, status, evidence: `because of ${criterion}` },
});
const statuses = (views: readonly CriterionView[]): object =>
  Object.fromEntries(views.map(({ id, text, status }) => [id ?? text, status]));
const NOTHING = { A1: 'notShown', A2: 'notShown', A3: 'notShown', R1: 'notShown', E1: 'notShown' };

describe('a criterion', () => {
  it('that no evidence names is not shown, whatever both gates said of the whole', () => {
    expect(statuses(criteria(gate('verification'), gate('review')))).toEqual(NOTHING);
  });

  it.each(['A1', 'a1', 'A1: It works.', 'A1 - whatever', 'It works', 'it  works.'])(
    'is meant by its id or by its text: %s',
    (name) => {
      expect(statuses(criteria(gate('review', { criteria: [said(name)] })))).toEqual({ ...NOTHING, A1: 'met' });
    },
  );

  it('whose text begins like an id is meant by its text', () => {
    const views = criteria(gate('review', { criteria: [said('A10 is no id')] }));
    expect(statuses(views)).toEqual({ ...NOTHING, A2: 'met' });
  });

  it.each(['A4', 'A10', 'Something else', ''])(
    'that the packet does not have (%j) is told as that, not lost',
    (name) => {
      const views = criteria(gate('review', { criteria: [said(name, 'notMet')] }));
      expect(statuses(views)).toEqual({ ...NOTHING, [name]: 'notMet' });
      expect(views.at(-1)).toMatchObject({ id: null, kind: 'other', evidence: [{ text: `because of ${name}` }] });
    },
  );

  it('of which the gates say different things is as the worst of them says', () => {
    const both = (one: CriterionVerdict['status'], other: CriterionVerdict['status']) =>
      criteria(gate('verification', { criteria: [said('R1', one)] }), gate('review', { criteria: [said('R1', other)] }))
        .filter(({ id }) => id === 'R1')
        .map(({ status, evidence }) => [status, evidence.map(({ gate: by }) => by).join()]);
    expect(both('met', 'met')).toEqual([['met', 'verification,review']]);
    expect(both('met', 'notMet')).toEqual([['notMet', 'verification,review']]);
    expect(both('unclear', 'met')).toEqual([['unclear', 'verification,review']]);
  });

  it('that names a command is not met by it: the command is shown with how it ended', () => {
    const run = { argv: ['npm', 'test'], exitCode: 0, signal: null, durationMs: 1, outputTail: '' };
    const views = criteria(gate('verification', { commands: [run, { ...run, argv: ['lint'] }] }));
    expect(statuses(views)).toEqual({ ...NOTHING, A3: 'unclear' });
    expect(views[2]?.evidence).toEqual([
      { gate: 'verification', kind: 'command', status: null, text: 'npm test: exit 0' },
    ]);
  });

  it('that a finding names is shown with it', () => {
    const finding = (message: string) => ({ severity: 'minor', message });
    const findings = ['Names are clear, mostly', 'E1: it took a minute', 'see A1'].map(finding);
    const views = criteria(gate('review', { findings }));
    expect(statuses(views)).toEqual({ ...NOTHING, R1: 'unclear', E1: 'unclear' });
  });
});

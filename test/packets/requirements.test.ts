/** What a packet lacks is told by exactly the contract's names, in the contract's order, for either spelling. */
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import type { PacketReading, Requirement } from '../../src/model/packet.ts';
import { readPackets } from '../../src/packets/packets.ts';
import { camelCased, goodPacket, without } from './good-packet.ts';

function readOne(packet: unknown): PacketReading {
  const reading = readPackets(JSON.stringify([packet]), sha256).readings[0];
  if (reading === undefined) throw new Error('no reading');
  return reading;
}

const lacks: readonly (readonly [Requirement, readonly string[]])[] = [
  ['approval.approved', ['approved']],
  ['scm_target.repo', ['scm_target.repo']],
  ['scm_target.issue_number', ['scm_target.issue_number']],
  ['scm_target.intended_branch', ['scm_target.intended_branch']],
  ['scope.goal_or_acceptance_criteria', ['scope.goal', 'scope.acceptance_criteria']],
  ['implementation.instructions', ['implementation.instructions']],
  ['verification.expectations_or_commands', ['verification.commands', 'verification.expectations']],
  ['review.criteria_or_reviewer_plan', ['review.criteria', 'review.reviewer_plan']],
  ['conflict_surface', ['conflict_surface']],
];

describe('requirements', () => {
  it('a whole packet lacks nothing, in either spelling', () => {
    expect(readOne(goodPacket()).missingFields).toEqual([]);
    expect(readOne(camelCased(goodPacket())).missingFields).toEqual([]);
    expect(readOne(camelCased(goodPacket())).packet).toEqual(readOne(goodPacket()).packet);
  });

  it('an empty object lacks everything, in the order of the contract', () => {
    expect(readOne({}).missingFields).toEqual([
      'approval.approved',
      'scm_target.repo',
      'scm_target.issue_number',
      'scm_target.intended_branch',
      'scope.goal_or_acceptance_criteria',
      'implementation.instructions',
      'verification.expectations_or_commands',
      'review.criteria_or_reviewer_plan',
      'conflict_surface',
    ]);
  });

  it.each(lacks)('a packet without it lacks %s and nothing else', (name, paths) => {
    const packet = paths.reduce(without, goodPacket());
    expect(readOne(packet).missingFields).toEqual([name]);
    expect(readOne(camelCased(packet)).missingFields).toEqual([name]);
  });

  it.each(['', '  \n\t', [], ['', '  '], null])('a list field that holds %j is missing', (empty) => {
    const packet = { ...goodPacket(), conflict_surface: empty, implementation: { instructions: empty } };
    expect(readOne(packet).missingFields).toEqual(['implementation.instructions', 'conflict_surface']);
  });

  it.each(['', ' ', null])('a text field that holds %j is missing', (empty) => {
    const packet = {
      ...goodPacket(),
      scm_target: { repo: empty, issue_number: empty, intended_branch: empty },
      scope: { goal: empty },
    };
    expect(readOne(packet).missingFields).toEqual([
      'scm_target.repo',
      'scm_target.issue_number',
      'scm_target.intended_branch',
      'scope.goal_or_acceptance_criteria',
    ]);
  });

  it.each([['text'], [42], [null], [true], [[['nested']]]])(
    'a packet that is %j is reported as packet_object',
    (given) => {
      const reading = readOne(given);
      expect(reading.missingFields).toEqual(['packet_object']);
      expect(reading.packet.taskId).toBe('packet-1');
      expect(reading.packet.isApproved).toBe(false);
    },
  );
});

describe('approval', () => {
  it.each([
    { approved: true },
    { approval: { approved: true } },
    { approval: { status: 'approved' } },
    { approval: { status: 'approved', approved_by: 'ann' } },
  ])('%j is an approval', (approval) => {
    expect(readOne({ ...without(goodPacket(), 'approved'), ...approval }).packet.isApproved).toBe(true);
  });

  it.each([
    {},
    { approved: false },
    { approved: 'true' },
    { approved: 'yes' },
    { approved: 1 },
    { approved: null },
    { approval: {} },
    { approval: null },
    { approval: { approved: 'true' } },
    { approval: { approved: 1 } },
    { approval: { status: 'Approved' } },
    { approval: { status: 'approved ' } },
    { approval: { status: 'pending' } },
    { approval: { status: true } },
    { approval: { approved_by: 'ann' } },
    { approved: true, approval: { approved: false } },
    { approved: false, approval: { status: 'approved' } },
  ])('%j is no approval, and that is what is missing', (approval) => {
    const packet = { ...without(goodPacket(), 'approved'), ...approval };
    expect(readOne(packet).missingFields).toEqual(['approval.approved']);
  });
});

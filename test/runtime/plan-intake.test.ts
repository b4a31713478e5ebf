/** What an intake makes of a file's packets: every branch is claimed once, in one file as across files. */
import { expect, it } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import { readPackets } from '../../src/core/packets.ts';
import { parseConfig } from '../../src/model/config.ts';
import type { PacketReading } from '../../src/model/packet.ts';
import { type KnownRuns, planIntake } from '../../src/runtime/intake.ts';
import { goodPacket, without } from '../packets/good-packet.ts';

const CONFIG = parseConfig(null, 'pawl.config.json');
const NOTHING_KNOWN: KnownRuns = { view: () => null, holders: () => [], options: [] };

function packet(taskId: string, branch: string, repo = 'acme/widgets'): Record<string, unknown> {
  return { ...goodPacket(), task_id: taskId, scm_target: { repo, issue_number: 1, intended_branch: branch } };
}

function readings(...packets: readonly unknown[]): readonly PacketReading[] {
  return readPackets(JSON.stringify(packets), sha256).readings;
}

function plan(given: readonly PacketReading[], known: KnownRuns = NOTHING_KNOWN): readonly string[] {
  return planIntake(given, CONFIG, known, false).fresh.map((entry) => entry.reading.packet.taskId);
}

it.each([
  ['the same branch', 'work/x', 'work/x'],
  ['a branch below the branch of the first', 'work/x', 'work/x/y'],
  ['a branch above the branch of the first', 'work/x/y', 'work/x'],
])('two packets of a file are refused when the second is for %s', (_, first, second) => {
  for (const repo of ['acme/widgets', 'other/name']) {
    expect(() => plan(readings(packet('A', first), packet('B', second, repo)))).toThrow(
      expect.objectContaining({
        code: 'PAWL_RUN_CONFLICT',
        subject: 'B',
        message: expect.stringContaining('packet A'),
      }),
    );
  }
});

it('a packet is refused when its branch collides with that of a live run, whatever repository it names', () => {
  const known: KnownRuns = { ...NOTHING_KNOWN, holders: () => [{ runId: 'run_live', branch: 'work/x' }] };
  for (const branch of ['work/x', 'work/x/y', 'work']) {
    expect(() => plan(readings(packet('B', branch, 'other/name')), known)).toThrow(
      expect.objectContaining({ code: 'PAWL_RUN_CONFLICT', message: expect.stringContaining('run_live') }),
    );
  }
  expect(plan(readings(packet('B', 'work/xy')), known)).toEqual(['B']);
});

it('the same packet twice is one run, and a packet that lacks something claims no branch', () => {
  expect(plan(readings(packet('A', 'work/x'), packet('A', 'work/x')))).toEqual(['A']);
  const weak = without(packet('WEAK', 'work/x'), 'review');
  expect(plan(readings(weak, packet('A', 'work/x'), packet('B', 'work/y')))).toEqual(['WEAK', 'A', 'B']);
});

/** Any sequence of kills, power cuts, commands and clock steps: no worker twice, nothing acknowledged lost, nothing broken. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { examine } from '../../src/engine/recovery/rehydrate.ts';
import { recordsOf } from '../../src/engine/run-look.ts';
import { stateImage } from '../../src/kernel/image.ts';
import type { CommandRequest } from '../../src/model/command.ts';
import type { VerdictStatus } from '../../src/model/request.ts';
import { Halted, MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { brokenBy } from '../../src/prove/model/invariants.ts';
import { runSystem } from '../../src/run/system.ts';
import { storeToLookAt } from '../../src/store/file-store.ts';
import { Files } from '../../src/store/files.ts';
import { leaveCommand, readDecision } from '../../src/store/inbox.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { SIM_RUN, startSim } from '../support/sim-run.ts';
import { seeded } from './seed.ts';

const PATHS = new RegistryPaths('/registry');
const FAR_MS = 1_000_000_000;

/** One start of Pawl, and what befalls it. */
interface Start {
  /** Killed before that change of the disk; null: it continues to its rest. */
  readonly killAt: number | null;
  /** What is left of what was not synced: all, nothing, or by chance. */
  readonly left: 'everything' | 'nothing' | { readonly seed: number };
  readonly command: 'cancel' | 'retry' | 'accept' | 'abandon' | null;
  readonly forgetsSnapshot: boolean;
  /** How far the clock is off, and how far from the n-th look on. */
  readonly clock: { readonly fromMs: number; readonly toMs: number; readonly at: number };
}

const clockMs = fc.oneof(fc.constant(0), fc.integer({ min: -FAR_MS, max: FAR_MS }));
const startArbitrary: fc.Arbitrary<Start> = fc.record({
  killAt: fc.option(fc.integer({ min: 1, max: 160 })),
  left: fc.oneof(
    fc.constant('everything' as const),
    fc.constant('nothing' as const),
    fc.record({ seed: fc.nat(1_000_000) }),
  ),
  command: fc.option(fc.constantFrom('cancel' as const, 'retry' as const, 'accept' as const, 'abandon' as const), {
    freq: 2,
  }),
  forgetsSnapshot: fc.boolean(),
  clock: fc.record({ fromMs: clockMs, toMs: clockMs, at: fc.nat(60) }),
});
const verdict: fc.Arbitrary<VerdictStatus> = fc.constantFrom('PASS', 'PASS', 'FAIL', 'BLOCKED');
const gates = [1, 2, 3].flatMap((epoch) => [`verification-e${epoch}-a1`, `review-e${epoch}-a1`, `review-e${epoch}-a2`]);
const verdictsArbitrary = fc.record(Object.fromEntries(gates.map((taskId) => [taskId, verdict])));

/** What has been promised so far. */
interface Promises {
  readonly acknowledged: string[];
  readonly commands: string[];
}

/** A command is left by another process: durable before anyone looks. */
async function leave(machine: SimMachine, command: NonNullable<Start['command']>): Promise<string | null> {
  const files = new Files(machine.disk, systemClock);
  if (!files.exists(PATHS.journal(SIM_RUN))) return null;
  const body = { runId: SIM_RUN, reason: 'by chance', by: 'somebody' };
  const request: CommandRequest =
    command === 'cancel' ? { ...body, command } : { ...body, command: 'resolve', decision: command };
  return leaveCommand(files, PATHS, systemClock, request);
}

function offsetOf({ fromMs, toMs, at }: Start['clock']): () => number {
  let looks = 0;
  return () => {
    looks += 1;
    return looks < at ? fromMs : toMs;
  };
}

async function live(machine: SimMachine, start: Start, promises: Promises): Promise<void> {
  const commandId = start.command === null ? null : await leave(machine, start.command);
  if (commandId !== null) promises.commands.push(commandId);
  if (start.killAt !== null) machine.killBefore(start.killAt);
  const { error, acknowledged } = await startSim(machine, { clockOffsetMs: offsetOf(start.clock) });
  if (error !== null && !(error instanceof Halted)) throw error;
  promises.acknowledged.push(...acknowledged);
  machine.reboot(machine.disk.crash(start.left), start.left !== 'everything');
  const files = new Files(machine.disk, systemClock);
  if (start.forgetsSnapshot && files.exists(PATHS.snapshot(SIM_RUN))) machine.disk.unlink(PATHS.snapshot(SIM_RUN));
}

/** What must hold once the last start has come to its rest. */
async function check(machine: SimMachine, { acknowledged, commands }: Promises): Promise<void> {
  const files = new Files(machine.disk, systemClock);
  const place = { files, paths: PATHS, ...storeToLookAt(files, PATHS) };
  const twice = [...machine.starts].filter(([, count]) => count > 1);
  expect(twice).toEqual([]);
  const sums = recordsOf(place, SIM_RUN).map(({ sum }) => sum);
  expect(sums.filter((sum) => acknowledged.includes(sum))).toEqual(acknowledged);
  const events = recordsOf(place, SIM_RUN).map(({ event }) => event);
  for (const commandId of commands) {
    expect(await readDecision(place.files, PATHS, commandId)).not.toBeNull();
    expect(events.filter((event) => 'commandId' in event && event.commandId === commandId).length).toBeLessThan(2);
  }
  const found = await examine(place, SIM_RUN);
  if (found.kind !== 'live') throw new Error(JSON.stringify(found));
  expect(found.findings).toEqual([]);
  expect(brokenBy(found.state)).toEqual([]);
  machine.disk.unlink(PATHS.snapshot(SIM_RUN));
  const without = await examine(place, SIM_RUN);
  expect(without.kind === 'live' && stateImage(runSystem, without.state)).toBe(stateImage(runSystem, found.state));
}

it('however it is killed and whatever is asked of it, a run comes to its rest with each worker started once', {
  timeout: 300_000,
}, async () => {
  const ends = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(startArbitrary, { minLength: 1, maxLength: 6, size: 'max' }),
      verdictsArbitrary,
      async (starts, verdicts) => {
        const machine = new SimMachine(new MemoryFs(), verdicts);
        const promises: Promises = { acknowledged: [], commands: [] };
        for (const start of starts) await live(machine, start, promises);
        const last = await startSim(machine);
        expect(last.error).toBeNull();
        promises.acknowledged.push(...last.acknowledged);
        expect(['terminal', 'blocked']).toContain(last.view?.kind);
        ends.set(last.view?.state ?? '', (ends.get(last.view?.state ?? '') ?? 0) + 1);
        await check(machine, promises);
      },
    ),
    seeded(60),
  );
  console.log(Object.fromEntries(ends));
  expect([...ends.keys()]).toEqual(expect.arrayContaining(['readyForManualReview', 'blockedNeedsHuman', 'cancelled']));
});

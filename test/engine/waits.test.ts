/** Waits in one process: any number of them, each with its own deadline, none of which keeps another one from its end. */
import { describe, expect, it } from 'vitest';
import { Driver } from '../../src/engine/driver.ts';
import { emptyInbox } from '../../src/engine/inbox-desk.ts';
import { Waits } from '../../src/engine/waits.ts';
import type { ClockPort } from '../../src/ports/clock.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { leaveCommand } from '../../src/store/inbox.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { createRuns, simEntries } from '../support/sim-run.ts';

/** A clock whose timers fire when the time is moved. */
class HandClock implements ClockPort {
  #nowMs = 0;
  readonly #timers = new Set<{ readonly dueMs: number; readonly fire: () => void }>();

  nowMs = () => this.#nowMs;
  monotonicMs = () => this.#nowMs;
  nonce = () => 'n';
  timer(delayMs: number, fire: () => void): () => void {
    const timer = { dueMs: this.#nowMs + delayMs, fire };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }
  /** Whether anything keeps the event loop from running dry. */
  get isArmed(): boolean {
    return this.#timers.size > 0;
  }
  async move(ms: number): Promise<void> {
    this.#nowMs += ms;
    for (const timer of [...this.#timers]) {
      if (timer.dueMs > this.#nowMs) continue;
      this.#timers.delete(timer);
      timer.fire();
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

describe('a wait', () => {
  it('ends at its own deadline, with the name of what was waited for; the others wait on', async () => {
    const clock = new HandClock();
    const waits = new Waits(clock);
    let isDone = false;
    const short = waits.until(() => isDone, { what: 'run_a to come to rest', timeoutMs: 1_000 });
    const long = waits.until(() => isDone, { what: 'run_b to come to rest', timeoutMs: 3_600_000 });
    const told = expect(short).rejects.toMatchObject({
      code: 'PAWL_WAIT_TIMED_OUT',
      message: 'waited 1000 ms in vain for run_a to come to rest',
    });
    await clock.move(1_000);
    await told;
    for (let minutes = 0; minutes < 30; minutes += 1) await clock.move(60_000);
    expect(clock.isArmed).toBe(true);
    isDone = true;
    waits.announce();
    await long;
    expect(clock.isArmed).toBe(false);
  });

  it('ends at once where what it waits for is there, and with the error that looking throws', async () => {
    const waits = new Waits(new HandClock());
    await waits.until(() => true, { what: 'nothing', timeoutMs: 1 });
    let isBroken = false;
    const wait = waits.until(
      () => {
        if (isBroken) throw new Error('bug: nothing is under way');
        return false;
      },
      { what: 'what never comes', timeoutMs: 10 },
    );
    isBroken = true;
    waits.announce();
    await expect(wait).rejects.toThrow('bug: nothing is under way');
  });

  it('of any number ends when that has come', async () => {
    const waits = new Waits(new HandClock());
    let count = 0;
    const all = Array.from({ length: 100 }, (_, n) => waits.until(() => count > n, { what: `${n}`, timeoutMs: 1_000 }));
    while (count < 100) {
      count += 1;
      waits.announce();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    await Promise.all(all);
  });
});

describe('while runs are driven', () => {
  it('others are added, commanded and finished, each with its own waiter', async () => {
    const driver = new Driver(await new SimMachine(new MemoryFs(), {}).boot(), { maxParallel: 1, agentOverride: null });
    await driver.open();
    const { world } = driver;
    const [now, later] = [simEntries(4).slice(0, 2), simEntries(4).slice(2)];
    const [first = '', second = ''] = await createRuns(driver, now);
    const waits = [first, second].map((runId) => driver.drive([runId]));
    const everything = driver.drive([first], { withNew: true });
    const [third = '', fourth = ''] = await createRuns(driver, later);
    const cancel = { command: 'cancel', runId: third, reason: 'seen', by: 'ada' } as const;
    await leaveCommand(world.files, world.paths, world.clock, cancel);
    await emptyInbox(driver);
    await Promise.all([...waits, everything]);
    expect([first, second, third, fourth].map((runId) => driver.view(runId)?.state)).toEqual([
      ...['readyForManualReview', 'readyForManualReview', 'cancelled', 'readyForManualReview'],
    ]);
    expect(driver.moving([first, second, third, fourth])).toEqual([]);
    await driver.close();
  });
});

/** Decided commands are forgotten at the start and then every hour, while no command is under way; what fails is tried again. */
import { expect, it } from 'vitest';
import { keepInbox } from '../../src/app/projects/inbox-keeper.ts';
import { Driver } from '../../src/engine/driver.ts';
import { InboxDesk } from '../../src/engine/inbox-desk.ts';
import type { World } from '../../src/engine/world.ts';
import { PawlError } from '../../src/model/error.ts';
import type { ErrorCode } from '../../src/model/error-codes.ts';
import type { InboxRetention } from '../../src/ports/inbox.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { INBOX_KEPT } from '../../src/store/inbox-retention.ts';
import { until } from '../support/pawl-cli.ts';
import { SimMachine } from '../support/sim-machine.ts';

interface Faults {
  /** What forgetting comes to. */
  readonly fails?: ErrorCode | null;
  readonly beforeMark?: () => Promise<void>;
}

/** A registry that is driven, at a time that only the test moves; what is forgotten of it is counted. */
async function driven({ fails = null, beforeMark = async () => undefined }: Faults = {}) {
  const machine = new SimMachine(new MemoryFs(), {});
  const booted = await machine.boot();
  const asked: (readonly [generation: number, retention: InboxRetention])[] = [];
  const lines: string[] = [];
  const sleeps: (() => void)[] = [];
  const time = { ms: 0 };
  const world: World = {
    ...booted,
    log: (line) => lines.push(line),
    clock: {
      ...{ nowMs: () => time.ms, monotonicMs: () => time.ms, nonce: () => booted.clock.nonce() },
      timer: (_delayMs, wake) => {
        sleeps.push(wake);
        return () => undefined;
      },
    },
    inbox: {
      ...booted.inbox,
      decide: async (...all) => {
        await beforeMark();
        return booted.inbox.decide(...all);
      },
      forget: async (...all) => {
        asked.push(all);
        if (fails !== null) throw new PawlError({ code: fails, message: 'told', subject: '', hint: '' });
        return 3;
      },
    },
  };
  const driver = new Driver(world, { maxParallel: 1, agentOverride: null });
  await driver.open();
  const desk = new InboxDesk(driver);
  const over = new AbortController();
  const kept = keepInbox(driver, desk, over.signal);
  const pass = async (ms: number): Promise<void> => {
    await until('it to wait', () => sleeps.length > 0);
    time.ms += ms;
    for (const wake of sleeps.splice(0)) wake();
    await until('it to wait again', () => sleeps.length > 0);
  };
  const end = async (): Promise<void> => {
    over.abort();
    await kept;
    await driver.close();
  };
  return { driver, desk, asked, lines, pass, end };
}

it('at the start, and an hour later again, as the owner of the registry and within what is to be kept', async () => {
  const { driver, asked, lines, pass, end } = await driven();
  await pass(3_599_000);
  expect(asked.map(([generation]) => generation)).toEqual([driver.world.lock.generation]);
  expect(asked[0]?.[1]).toMatchObject(INBOX_KEPT);
  expect(lines).toEqual(['the inbox: 3 commands that were decided long ago are forgotten']);
  await pass(1_000);
  expect(asked).toHaveLength(2);
  await end();
  expect(asked[0]?.[1].mayGoOn()).toBe(false);
});

it('not while a command is under way, and as soon as that is decided', async () => {
  const gate = { open: (): void => undefined };
  const opened = new Promise<void>((resolve) => {
    gate.open = resolve;
  });
  const { desk, asked, pass, end } = await driven({ beforeMark: () => opened });
  const body = { command: 'cancel', runId: 'run_nobody', reason: '', by: 'ada' } as const;
  const decision = desk.decide({ ...body, commandId: 'cmd_1', atMs: 0 });
  expect([desk.isIdle, asked[0]?.[1].mayGoOn()]).toEqual([false, false]);
  await pass(3_600_000);
  expect(asked).toHaveLength(1);
  gate.open();
  await decision;
  await until('the desk to be idle', () => desk.isIdle);
  await pass(5_000);
  expect(asked).toHaveLength(2);
  await end();
});

it('what cannot be removed is tried again an hour later, and keeps nothing from being driven', async () => {
  const { driver, asked, lines, pass, end } = await driven({ fails: 'PAWL_STORE_PERMISSION' });
  await pass(3_600_000);
  expect([asked.length, driver.failure]).toEqual([2, null]);
  expect(lines[0]).toBe('the inbox keeps old commands: PAWL_STORE_PERMISSION: told');
  await end();
});

it.each(['PAWL_STORE_SYNC_FAILED', 'PAWL_REGISTRY_LOCKED'] as const)('%s ends the driver', async (code) => {
  const { driver, end } = await driven({ fails: code });
  await until('it to end', () => driver.failure !== null);
  expect(driver.failure).toMatchObject({ code });
  await end();
});

/** What was commanded under a key is known from its record before it lies in the inbox, also while its project is being opened again. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Driver } from '../../src/engine/driver.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { asDriver } from '../support/machine-kills.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { createRuns, simEntries } from '../support/sim-run.ts';
import { ask, codeOf, jsonOf, type RawAnswer } from './contract-kit.ts';
import { StandingDaemon } from './standing-daemon.ts';

const daemon = new StandingDaemon();
beforeAll(() => daemon.open());
afterAll(() => daemon.close());

const KEY = 'night-1';
const known = (key = KEY): Promise<RawAnswer> => ask(daemon, { path: `/api/v1/commands/${key}` });

function cancel(runId: string): Promise<RawAnswer> {
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': KEY };
  const body = JSON.stringify({ command: 'cancel', reason: 'as tested' });
  return ask(daemon, { method: 'POST', path: `/api/v1/runs/${runId}/commands`, body, headers });
}

it('a command that is on record only has its answer, and whoever asks while its project is opened again waits for it', async () => {
  const machine = new SimMachine(new MemoryFs(), {});
  const [first = '', second = ''] = await asDriver(machine, (driver) => createRuns(driver, simEntries(2)));
  let answered: unknown;
  const killed = new Promise<void>((resolve, reject) => {
    asDriver(machine, async (driver: Driver) => {
      daemon.serve(driver);
      const answer = await cancel(first);
      expect(answer.status).toBe(200);
      answered = jsonOf(answer).seq;
      expect(jsonOf(await known())).toMatchObject({ accepted: true, seq: answered });
      expect(driver.world.inbox.has(String(jsonOf(answer).commandId))).toBe(false);
      expect(codeOf(await cancel(second))).toBe('KEY_REUSED');
      resolve();
      // It never comes to its end.
      await new Promise(() => undefined);
    }).catch(reject);
  });
  await killed;
  const opened = daemon.reopen();
  machine.reboot(machine.disk.crash('nothing'), true);
  let early: RawAnswer | null = null;
  const waiting = known().then((answer) => {
    early = answer;
    return answer;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(early).toBeNull();
  await asDriver(machine, async (driver) => {
    opened(driver);
    expect(jsonOf(await waiting)).toMatchObject({ accepted: true, seq: answered });
    expect(codeOf(await known('another'))).toBe('COMMAND_UNKNOWN');
    expect(codeOf(await cancel(second))).toBe('KEY_REUSED');
    expect(jsonOf(await cancel(first))).toMatchObject({ accepted: true, seq: answered });
  });
});

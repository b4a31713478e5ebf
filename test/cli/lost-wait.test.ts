import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { whileWaking } from '../../src/cli/lost-wait.ts';
import { ERROR_CODES, EXIT } from '../../src/model/error-codes.ts';

it('a command that still waits when its process has nothing left to do is reported as a bug, once', async () => {
  const idling = new EventEmitter();
  const lost: string[] = [];
  void whileWaking(
    idling,
    (error) => lost.push(error.code),
    () => new Promise<void>(() => undefined),
  );
  idling.emit('beforeExit');
  idling.emit('beforeExit');
  expect(lost).toEqual(['PAWL_WAIT_LOST']);
  expect(ERROR_CODES.PAWL_WAIT_LOST).toBe(EXIT.bug);
});

it('a command that has ended, well or badly, is not', async () => {
  const idling = new EventEmitter();
  const lost: string[] = [];
  await whileWaking(
    idling,
    (error) => lost.push(error.code),
    () => Promise.resolve(),
  );
  const failing = whileWaking(
    idling,
    (error) => lost.push(error.code),
    () => Promise.reject(new Error('badly')),
  );
  await expect(failing).rejects.toThrow('badly');
  idling.emit('beforeExit');
  expect(lost).toEqual([]);
});

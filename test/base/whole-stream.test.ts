/** A stream is told as a whole, or its failure is. */
import { PassThrough, Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { wholeStream } from '../../src/base/whole-stream.ts';

it('all that comes is there, in its order', async () => {
  expect((await wholeStream(Readable.from([Buffer.from('a'), Buffer.from('bc')]))).toString()).toBe('abc');
  expect(await wholeStream(Readable.from([]))).toEqual(Buffer.alloc(0));
});

it('a failure is told', async () => {
  const stream = new PassThrough();
  const whole = wholeStream(stream);
  stream.write('a');
  stream.destroy(new Error('cut'));
  await expect(whole).rejects.toThrow('cut');
});

it('an end that is none is told, before and after it is asked', async () => {
  const stream = new PassThrough();
  const whole = wholeStream(stream);
  stream.destroy();
  await expect(whole).rejects.toThrow('closed before its end');
  await expect(wholeStream(stream)).rejects.toThrow('closed before its end');
});

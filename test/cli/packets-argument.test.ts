/** The file of packets that a command is given. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packetsToEdit, readPacketsArgument } from '../../src/cli/packets-argument.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-packets-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each(['[]', '{"packets": []}'])('%s is refused where packets are wanted, and can be written into', (text) => {
  const path = join(folder, 'p.json');
  writeFileSync(path, text);
  expect(() => readPacketsArgument(folder, 'p.json')).toThrow(
    expect.objectContaining({ code: 'PAWL_PACKETS_INVALID', message: `${path} contains no packets.` }),
  );
  expect(packetsToEdit(path, text).readings).toEqual([]);
});

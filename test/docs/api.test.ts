/** docs/api.md lists every code of the API with its status, and its commands work as they are pasted. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiCode, statusOf } from '../../src/daemon/api/codes.ts';
import { DaemonPlace } from '../daemon/daemon-kit.ts';
import { packetOf } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

const textOf = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = textOf('docs/api.md');
const rows = Array.from(page.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \| [^|\s][^|]* \|$/gm), ([, code = '', status]) => ({
  code,
  status: Number(status),
}));

let place: DaemonPlace;
let scenario: Scenario;

beforeAll(async () => {
  place = new DaemonPlace();
  scenario = new Scenario('widget');
  scenario.scripted({});
  const packet = packetOf('one');
  scenario.packets(packet);
  writeFileSync(join(scenario.path, '../packet.json'), JSON.stringify(packet));
  await place.start();
});

afterAll(async () => {
  await place.end();
  await scenario.end();
});

it('every code of the API and every code that the document promises is in the table of errors once, and no other', () => {
  const own = [...textOf('src/daemon/api/codes.ts').matchAll(/^ {2}([A-Z_]+): \d{3},$/gm)].map(([, code]) => code);
  const promised = [...textOf('docs/api/openapi.json').matchAll(/`([A-Z_]{5,})`/g)].map(([, code]) => code);
  expect(own.length).toBeGreaterThan(30);
  expect(rows.map(({ code }) => code).toSorted()).toEqual([...new Set([...own, ...promised])].toSorted());
});

it('each with its status', () => {
  expect(rows).toEqual(rows.map(({ code }) => ({ code, status: statusOf(code as ApiCode) })));
});

it('the commands of the page work in the order in which they stand', () => {
  const blocks = Array.from(page.matchAll(/^```sh\n([\s\S]*?)^```/gm), ([, block = '']) => block);
  // The project is registered before anything else, as its reader has done.
  const [find = '', read = '', command = '', clean = '', follow = ''] = blocks;
  const run = (block: string): string =>
    execFileSync('sh', ['-euc', block], { cwd: scenario.path, env: place.environment, encoding: 'utf8' });
  const said = run(find);
  expect(said.match(/"name":"pawl"/g)).toHaveLength(2);
  expect(run(read)).toContain('"runs":[]');
  expect(run(command)).toMatch(/"id":"widget".*"outcome":"recorded".*"accepted":true/s);
  expect(run(clean)).toContain('"dryRun":true,"runs":[]');
  expect(run(follow)).toMatch(/event: project_added\n.*event: run_created\n/s);
  expect(blocks).toHaveLength(5);
});

/** A host whose disk fails at any one operation: said, and nothing left running. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { TASK_FILES } from '../../src/model/request.ts';
import type { FsPort } from '../../src/ports/fs.ts';
import { LINES, openTurn } from '../support/fixture-lines.ts';
import { type BenchTurn, TurnBench } from '../support/turn-bench.ts';

const bench = new TurnBench();
afterAll(() => bench.close());

const { started, done } = LINES.claude;
const ANSWER = JSON.stringify({ status: 'completed', summary: 'Done.' });

let turns = 0;

/** An agent that is cheap to start: a shell that tells its start, says two lines and answers. */
function cheapTurn(): BenchTurn {
  const lines = join(bench.folder, 'lines');
  if (!existsSync(lines)) {
    writeFileSync(lines, `${JSON.stringify(started)}\n${JSON.stringify(done({ input: 1 }))}\n`);
    writeFileSync(join(bench.folder, 'answer'), ANSWER);
  }
  const script = `echo '{"what":"start"}' >> "$1"; cat "$2/lines"; cp "$2/answer" "$PAWL_COMPLETION_FILE"`;
  turns += 1;
  const witness = join(bench.folder, `cheap-${turns}`);
  const turn = bench.turn([], { argv: ['sh', '-c', script, 'sh', witness, bench.folder] });
  return { ...turn, witness };
}

/** A disk whose operation number `at` fails; it says which one that was. The heartbeat's touches are let through: they have a rule of their own. */
function failing(at: number): { fs: FsPort; failed: () => string | null } {
  let count = 0;
  let failed: string | null = null;
  const fails = (name: string): void => {
    count += 1;
    if (count !== at) return;
    failed = name;
    throw Object.assign(new Error(`injected: ${name}`), { code: 'EIO', syscall: name });
  };
  const fs: FsPort = {
    ...nodeFs,
    open: (path, mode) => {
      fails(`open ${mode} ${nameOf(path)}`);
      return nodeFs.open(path, mode);
    },
    read: (fd, position, length) => {
      fails('read');
      return nodeFs.read(fd, position, length);
    },
    write: (fd, bytes, position) => {
      fails('write');
      return nodeFs.write(fd, bytes, position);
    },
    sync: (fd) => {
      fails('sync');
      nodeFs.sync(fd);
    },
    link: (from, to) => {
      fails(`link ${nameOf(to)}`);
      nodeFs.link(from, to);
    },
    stat: (path) => {
      fails(`stat ${nameOf(path)}`);
      return nodeFs.stat(path);
    },
  };
  return { fs, failed: () => failed };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/[0-9a-f]{16,}/, 'random');
}

it('a store that fails is reported, never swallowed, and cleaned up after', { timeout: 60_000 }, async () => {
  const seen: string[] = [];
  for (let at = 1; ; at += 1) {
    const turn = cheapTurn();
    const { fs, failed } = failing(at);
    const end = await bench.host(turn, { fs }).then(
      () => 'outcome',
      (error: unknown) => String(error),
    );
    if (failed() === null) break;
    seen.push(`${at} ${failed()}: ${end}`);
    expect(bench.isGone(turn), seen.at(-1)).toBe(true);
    expect(bench.starts(turn), seen.at(-1)).toBeLessThanOrEqual(
      existsSync(join(turn.taskFolder, TASK_FILES.agent)) ? 1 : 0,
    );
    // A missed heartbeat is no reason to end anything; it is logged.
    if (end === 'outcome') expect(failed()).toContain(TASK_FILES.heartbeat);
    else expect(end).toMatch(/EIO|injected/);
  }
  expect(seen.length).toBeGreaterThan(50);
});

it('and a worker whose output cannot be looked at any more is ended', async () => {
  const turn = bench.turn(openTurn('claude', [{ do: 'ignore', signals: ['SIGTERM'] }]));
  let isBroken = false;
  const fs: FsPort = {
    ...nodeFs,
    stat: (path) => {
      if (isBroken && path.endsWith(TASK_FILES.output)) throw Object.assign(new Error('injected'), { code: 'EIO' });
      return nodeFs.stat(path);
    },
  };
  const running = bench.host(turn, { fs }).catch((error: unknown) => String(error));
  await expect.poll(() => bench.told(turn)).toContain('open');
  isBroken = true;
  await running;
  expect(bench.isGone(turn)).toBe(true);
});

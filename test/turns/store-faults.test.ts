/** A host whose disk refuses what its worker is to inherit, or to be watched by: said, and nothing left running. */
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

/** A disk that refuses the first opening of that file of a task. */
function refusing(name: string): FsPort {
  let isDone = false;
  return {
    ...nodeFs,
    open: (path, mode) => {
      if (isDone || !path.endsWith(`/${name}`)) return nodeFs.open(path, mode);
      isDone = true;
      throw Object.assign(new Error('injected'), { code: 'EIO', syscall: 'open' });
    },
  };
}

// Whatever else can fail, fails in memory (test/faults/host-faults): here are the files whose descriptors real processes inherit.
it.each([TASK_FILES.treeLock, TASK_FILES.output, TASK_FILES.stderr, TASK_FILES.prompt])(
  'a host that cannot open %s once ends, says so, and holds no lock of its own',
  async (name) => {
    const turn = cheapTurn();
    const outcome = await bench.run(turn, { fs: refusing(name) });
    expect(outcome).toMatchObject({ result: 'interrupted', startedAtMs: null });
    expect(outcome.message).toContain(`${join(turn.taskFolder, name)}: EIO`);
    expect(bench.starts(turn)).toBe(0);
    expect(bench.isGone(turn)).toBe(true);
  },
);

it('and a worker whose output can no longer be read is ended', async () => {
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

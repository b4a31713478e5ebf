/**
 * The real worker host against the modelled protocol: every step that it is seen to take is one that the model allows there.
 *
 * Owns: which hosts are watched, and where they are killed. Does not own: watching (support/protocol-strace), the model.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { follow } from '../support/protocol-admits.ts';
import { CALM, type Rules, shapeOf } from '../support/protocol-rules.ts';
import { explore, stepsOf } from '../support/protocol-search.ts';
import { stateOf } from '../support/protocol-state.ts';
import { hasStrace, type TracedTask, traceHost, writeTask } from '../support/protocol-strace.ts';

/** One host; a fault may come, so that syncs are steps of their own. */
const RULES: Rules = { ...CALM, hosts: [1], faults: 1 };

/** Everything is observed but what the runner does, what a host only thinks, and a look that starts no program. */
function isVisible(name: string): boolean {
  if (name.startsWith('runner ')) return false;
  return !/^host 0: (sees the worker exit|finds a limit overrun|looks at the tree \((grandchild|worker)\))$/.test(name);
}

/** Runs `body` with a folder of its own, which is removed afterwards. */
async function inFolder(body: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-traced-')));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const START = [
  'host 0: links claim',
  'host 0: syncs its claim',
  'host 0: spawns the gate',
  'host 0: links agent.json',
  'host 0: syncs agent.json',
  'host 0: opens the gate',
  'gate 0: becomes the worker',
];
const SWEPT = [
  'host 0: looks at the tree (lock)',
  'host 0: links outcome',
  'host 0: syncs the outcome',
  'host 0: exits',
];
const SHUT = 'gate 0: ends, its pipe is closed';

/** Where the host is killed, and the steps that are seen then. */
const TRACES: readonly (readonly [string, TracedTask, readonly string[]])[] = [
  ['a worker that ends', { script: 'exit 0' }, [...START, 'worker 0: exits', ...SWEPT]],
  [
    'a worker that leaves a grandchild',
    { script: 'sleep 30 & exit 0' },
    [
      ...START,
      'worker 0: starts a grandchild',
      'worker 0: exits',
      'host 0: kills what it has seen of the tree',
      ...SWEPT,
    ],
  ],
  [
    'a worker that waits for its grandchild',
    { script: 'sleep 0.1 & wait' },
    [...START, 'worker 0: starts a grandchild', 'grandchild 0: exits', 'worker 0: exits', ...SWEPT],
  ],
  [
    'a worker that hangs',
    { script: 'exec sleep 30', deadlineMs: 300 },
    [...START, 'host 0: kills what it has seen of the tree', ...SWEPT],
  ],
  ['killed before its claim', { script: 'exit 0', killAt: { call: 'link', when: 1 } }, ['crash: host 0']],
  [
    'killed before its claim is synced',
    { script: 'exit 0', killAt: { call: 'fsync', when: 2 } },
    ['host 0: links claim', 'crash: host 0'],
  ],
  [
    'killed before agent.json',
    { script: 'exit 0', killAt: { call: 'link', when: 2 } },
    [...START.slice(0, 3), 'crash: host 0', SHUT],
  ],
  [
    'killed before agent.json is synced',
    { script: 'exit 0', killAt: { call: 'fsync', when: 6 } },
    [...START.slice(0, 4), 'crash: host 0', SHUT],
  ],
  [
    'killed before its outcome',
    { script: 'exit 0', killAt: { call: 'link', when: 3 } },
    [...START, 'worker 0: exits', 'host 0: looks at the tree (lock)', 'crash: host 0'],
  ],
  [
    'killed before its outcome is synced',
    { script: 'exit 0', killAt: { call: 'fsync', when: 10 } },
    [...START, 'worker 0: exits', 'host 0: looks at the tree (lock)', 'host 0: links outcome', 'crash: host 0'],
  ],
];

describe.runIf(hasStrace)('a real host does what the model allows, step by step', () => {
  it.concurrent.each(TRACES)(
    '%s',
    async (name, task, steps) => {
      await inFolder(async (folder) => {
        const observed = await traceHost(folder, task);
        console.info(`${name}: ${observed.join(' · ')}`);
        expect(observed).toEqual(steps);
        const { allowedNext, followed } = follow(RULES, observed, isVisible);
        expect(followed, `the model goes on with ${allowedNext.join(', ')}`).toEqual(observed);
      });
    },
    120_000,
  );

  it('and every step that the model has for a host and its tree is among them', () => {
    const seen = new Set(TRACES.flatMap(([, , steps]) => steps));
    expect([...seen].sort()).toEqual(visibleSteps());
  });
});

/** The names of all visible steps that the model has for a host and its tree: what runners and power cuts do to them is not traced. */
function visibleSteps(): string[] {
  const { keys } = explore(RULES);
  const names = keys.flatMap((key) => stepsOf(stateOf(key, shapeOf(RULES)), RULES).map(({ name }) => name));
  return [...new Set(names.filter(isVisible))]
    .filter((name) => !/^(reboot|crash: runner|host 0: dies)/.test(name))
    .sort();
}

describe('the model', () => {
  it.each([
    ['an open gate before agent.json', [...START.slice(0, 3), 'host 0: opens the gate'], 3],
    ['an open gate before agent.json is synced', [...START.slice(0, 4), 'host 0: opens the gate'], 4],
    ['an outcome before the tree was looked at', [...START, 'worker 0: exits', 'host 0: links outcome'], 8],
    ['an outcome of a host that was killed', [...START, 'crash: host 0', 'host 0: links outcome'], 8],
    ['a gate without a claim', ['host 0: spawns the gate'], 0],
  ])('does not allow %s', (_name, steps, allowed) => {
    expect(follow(RULES, steps, isVisible).followed).toHaveLength(allowed);
  });
});

describe('a worker', () => {
  it(
    'finds its claim and its record at its first instruction, and no outcome',
    () =>
      inFolder((folder) => {
        const witness = join(folder, 'witness');
        const [taskFolder, requestHash] = writeTask(folder, {
          script: `ls "$(dirname "$PAWL_TASK_FILE")" > ${witness}`,
        });
        const hostMain = fileURLToPath(new URL('../../dist/src/host/main.js', import.meta.url));
        const host = spawnSync(process.execPath, [hostMain, taskFolder, requestHash], { encoding: 'utf8' });
        expect(host.status, host.stderr).toBe(0);
        const names = readFileSync(witness, 'utf8').split('\n');
        expect(names).toContain('claim');
        expect(names).toContain('agent.json');
        expect(names).not.toContain('outcome');
      }),
    60_000,
  );
});

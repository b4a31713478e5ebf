import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cellNames } from '../../src/prove/kills.ts';
import type { Proof } from '../../src/prove/proof.ts';
import { until } from '../../src/prove/real/moments.ts';
import { proofSchema } from '../../src/prove/report/proof-schema.ts';
import { DAY, DAYS_OF_WEEK, IS_WHOLE, partOf, SEED } from '../support/draw.ts';
import { type CliEnd, documentOf, startPawl } from '../support/pawl-cli.ts';

// The whole level takes more than a minute on a machine of its own; here other tests run beside it.
const TIMEOUT_MS = 600_000;

/** Each day has its part of the cells, and one day of the week the whole level, as a user asks for it. */
const IS_WHOLE_LEVEL = IS_WHOLE || DAY % DAYS_OF_WEEK === DAYS_OF_WEEK - 1;
const CELLS = IS_WHOLE_LEVEL ? cellNames() : partOf(cellNames(), DAYS_OF_WEEK, DAY);
const SCOPE = ['--level', 'smoke', ...(IS_WHOLE_LEVEL ? [] : CELLS.flatMap((cell) => ['--cell', cell]))];

const folder = mkdtempSync(join(tmpdir(), 'pawl-smoke-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A config of a user: two agents, roles and limits of their own. */
const CONFIG = {
  agents: {
    maker: { kind: 'command', argv: ['maker', '{taskFile}'] },
    critic: { kind: 'command', argv: ['critic', '{taskFile}'] },
  },
  roles: { implementer: 'maker', fixer: 'maker', reviewer: 'critic' },
  limits: { attemptsMax: 1, graceMs: 700 },
};

function pawl(...args: readonly string[]): Promise<CliEnd> {
  return startPawl(folder, process.env, args, TIMEOUT_MS).ended;
}

describe(`pawl prove ${SCOPE.join(' ')} --seed ${SEED}`, () => {
  let end: CliEnd;
  let proof: Proof;
  beforeAll(async () => {
    writeFileSync(join(folder, 'pawl.config.json'), JSON.stringify(CONFIG));
    end = await pawl('prove', ...SCOPE, '--seed', String(SEED), '--out', 'report', '--json');
    proof = documentOf<Proof>(end);
  }, TIMEOUT_MS);

  test('holds, and exits 0', () => {
    const faults = proof.cells.flatMap(({ kills }) => kills.filter((kill) => kill.faults.length > 0));
    expect(faults).toEqual([]);
    expect(proof.outside.violations).toEqual([]);
    const simulated = [proof.model?.faults, proof.matrix?.faults, proof.injections?.faults];
    expect(simulated).toEqual(IS_WHOLE_LEVEL ? [[], [], []] : [undefined, undefined, undefined]);
    expect({ holds: proof.holds, code: end.code }).toEqual({ holds: true, code: 0 });
  });

  test('has killed in each of the cells', () => {
    const killed = proof.cells.filter(({ kills }) =>
      kills.every(({ hit, end: state }) => hit !== null && state !== null),
    );
    expect(killed.filter(({ kills }) => kills.length > 0).map((cell) => `${cell.stage}/${cell.class}`)).toEqual(CELLS);
  });

  test('used the roles of the config and its limits, raised where a proof needs more', () => {
    expect(proof.circumstances.roles).toMatchObject(CONFIG.roles);
    expect(proof.circumstances.limits).toMatchObject({ attemptsMax: 2, graceMs: 700 });
  });

  test('leaves a report that reads as what it printed, and a page', () => {
    const kept = proofSchema.parse(JSON.parse(readFileSync(join(folder, 'report/proof.json'), 'utf8')));
    const { files: _, ...printed } = JSON.parse(end.stdout);
    expect(kept).toEqual(printed);
    expect(readFileSync(join(folder, 'report/proof.html'), 'utf8')).toContain(String(SEED));
    console.info(`seed ${SEED}: ${proof.tookMs} ms, recovery ${JSON.stringify(proof.recovery)}`);
  });
});

describe('pawl prove', () => {
  test.each([
    [['--cell', 'handoffReady/never'], 'Unknown cell'],
    [['--seed', 'x'], '--seed must be'],
    [['--level', 'huge'], 'level'],
    [['--config', 'nowhere.json'], 'no config file'],
  ])('refuses %j and proves nothing', async (args, sentence) => {
    const refused = await pawl('prove', ...args);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain(sentence);
    expect(existsSync(join(folder, 'proof.json'))).toBe(false);
  });
});

test('pawl prove, interrupted at its kills, leaves no process and no sandbox behind', {
  timeout: TIMEOUT_MS,
}, async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'pawl-interrupted-'));
  const call = startPawl(folder, { ...process.env, TMPDIR: temporary }, [
    'prove',
    ...['--cell', 'implementation/staleOrTimeout', '--level', 'full', '--json'],
  ]);
  await until(() => readdirSync(temporary).filter((name) => name.startsWith('pawl-repo-')).length > 1, 'sandboxes');
  await until(() => processesAbout(temporary).length > 1, 'processes in them');
  call.child.kill('SIGINT');
  expect(await call.ended).toMatchObject({ code: 130 });
  expect(processesAbout(temporary)).toEqual([]);
  expect(readdirSync(temporary).filter((name) => name.startsWith('pawl-repo-'))).toEqual([]);
  rmSync(temporary, { recursive: true, force: true });
});

/** Command lines of living processes that name the folder. */
function processesAbout(place: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => commandLineOf(pid))
    .filter((text) => text.includes(`${place}/`));
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return ''; // It has ended.
  }
}

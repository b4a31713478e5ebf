/** A repository whose own path holds a line end, spaces, quotes, shell code and characters that cannot be seen. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { answer, packetOf, write } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 300_000;
const BEHIND = 'behind-the-line-end';
const scenario = new Scenario(`odd "$(touch PWNED)" 'é' \u202e;touch PWNED\n${BEHIND}\\`);
afterAll(() => scenario.end());

describe('a repository at an odd path', () => {
  test('has its runs done, and every command shows the path on one line', { timeout: SLOW }, async () => {
    scenario.repo.git(['update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},lib/sub`]);
    scenario.repo.git(['commit', '--quiet', '-m', 'A submodule that nobody has fetched']);
    const work = [write('work-of/GOOD/done.txt'), write('lib/sub/x.txt'), answer()];
    scenario.scripted({ GOOD: { implementation: work } });
    const { code, of } = await scenario.run(
      scenario.packets(packetOf('GOOD'), packetOf('BAD', { verification: { commands: ['test -e nowhere'] } })),
    );
    expect([code, of('GOOD').state]).toEqual([4, 'readyForManualReview']);
    expect(of('BAD').state).not.toBe('readyForManualReview');

    const calls = [
      ...['status', 'doctor', 'recover --dry-run', 'clean --dry-run', 'init --dry-run', 'help status'],
      ...['GOOD', 'BAD'].flatMap((id) => [`status ${id}`, `show ${id}`, `diff ${id}`, `events ${id}`]),
      'validate nowhere.json',
      'run',
    ];
    const ends = await Promise.all(calls.map((call) => scenario.call(...call.split(' '))));
    const lines = ends.flatMap(({ stdout, stderr }, n) =>
      `${stdout}\n${stderr}`.split('\n').map((line) => ({ call: calls[n], line })),
    );
    expect(lines.length).toBeGreaterThan(calls.length);
    const shown = lines.filter(({ line }) => line.trimStart().startsWith(BEHIND) || line.includes('\u202e'));
    expect(shown).toEqual([]);
    expect(existsSync(join(scenario.path, 'PWNED'))).toBe(false);

    const status = ends[calls.indexOf('status GOOD')]?.stdout;
    expect(status).toContain('not committed: inside a submodule  lib/sub/x.txt');
    const handoff = readdirSync(scenario.runFile(of('GOOD').runId, 'artifacts', 'handoff'));
    expect(handoff.filter((name) => name.endsWith('.md'))).toHaveLength(1);
  });
});

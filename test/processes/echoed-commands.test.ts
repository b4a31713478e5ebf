/** Commands whose output is echoed: their ends, what is heard of them, and starts that the system refuses. */
import { spawnSync } from 'node:child_process';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { echoedCommands } from '../../src/adapters/processes/echoed-commands.ts';
import type { CommandEnd } from '../../src/ports/commands.ts';
import { builtPath } from '../host/built.ts';

const BLOCKED_MS = 300;
const FLOOD_BYTES = 4_000_000;

class Echo extends Writable {
  text = '';
  /** What is to happen before the next write is taken. */
  free: Promise<void> = Promise.resolve();

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    void this.free.then(done);
  }
}

async function run(...argv: [string, ...string[]]): Promise<{ end: CommandEnd; heard: string; echoed: string }> {
  const echo = new Echo();
  let heard = '';
  const end = await echoedCommands(echo).run({ argv, env: process.env }, (text) => {
    heard += text;
  });
  return { end, heard, echoed: echo.text };
}

test('both outputs are heard, and echoed behind the command line', async () => {
  const { end, heard, echoed } = await run('sh', '-c', 'echo said; echo "told" >&2; exit 3');
  expect(end).toEqual({ kind: 'exited', exitCode: 3, signal: null });
  expect(heard.split('\n').sort()).toEqual(['', 'said', 'told']);
  expect(echoed).toBe(`$ "sh" "-c" "echo said; echo \\"told\\" >&2; exit 3"\n${heard}`);
});

test('a signal is told, and a child that holds the output open is not waited for', async () => {
  const { end, heard } = await run('sh', '-c', 'sleep 60 & echo $!; kill -TERM $$');
  process.kill(Number(heard), 'SIGKILL');
  expect(end).toEqual({ kind: 'exited', exitCode: null, signal: 'SIGTERM' });
});

test('a command stays in our own process group', async () => {
  const group = (pid: number): string =>
    spawnSync('ps', ['-o', 'pgid=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
  const { heard } = await run('sh', '-c', 'ps -o pgid= -p $$');
  expect(heard.trim()).toBe(group(process.pid).trim());
});

test.each([
  ['ENOENT', ['no-such-program-anywhere']],
  ['EACCES', ['/etc/passwd']],
  ['E2BIG', ['true', 'x'.repeat(4_000_000)]],
  ['ERR_INVALID_ARG_VALUE', ['true', 'a\0b']],
] as const)('a start that is refused is told with its code: %s', async (code, [program, ...args]) => {
  expect((await run(program, ...args)).end).toEqual({ kind: 'notStarted', code });
});

test('so is one for which there are no descriptors left', () => {
  const program = `
    import { openSync } from 'node:fs';
    import { echoedCommands } from ${JSON.stringify(builtPath('src/adapters/processes/echoed-commands.ts'))};
    const commands = echoedCommands(process.stdout);
    try { for (;;) openSync('/dev/null'); } catch {}
    const end = await commands.run({ argv: ['true'], env: process.env }, () => {});
    process.stdout.write(JSON.stringify(end));
  `;
  const limited = 'ulimit -n 64 && exec "$0" --input-type=module -e "$1"';
  const { stdout, stderr } = spawnSync('sh', ['-c', limited, process.execPath, program], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout).toBe('$ "true"\n{"kind":"notStarted","code":"EMFILE"}');
});

test('a command that writes faster than the echo is taken waits for it, and nothing is lost', async () => {
  const echo = new Echo();
  let release = (): void => undefined;
  let heard = 0;
  let isOver = false;
  const argv = ['sh', '-c', `yes | head -c ${FLOOD_BYTES}`] as const;
  echo.free = new Promise((resolve) => {
    release = resolve;
  });
  const ended = echoedCommands(echo)
    .run({ argv: [...argv], env: process.env }, (text) => {
      heard += text.length;
    })
    .then((end) => {
      isOver = true;
      return end;
    });
  await sleep(BLOCKED_MS);
  expect(isOver).toBe(false);
  expect(heard).toBeLessThan(FLOOD_BYTES / 4);
  release();
  expect(await ended).toEqual({ kind: 'exited', exitCode: 0, signal: null });
  expect(heard).toBe(FLOOD_BYTES);
});

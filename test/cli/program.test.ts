import { describe, expect, it } from 'vitest';
import type { CommonOptions } from '../../src/app/options.ts';
import { COMMANDS } from '../../src/cli/command-table.ts';
import { packageVersion } from '../../src/cli/package-version.ts';
import { runProgram } from '../../src/cli/program.ts';
import { PawlError } from '../../src/model/error.ts';

interface Called {
  readonly name: string;
  readonly options: CommonOptions;
  readonly args: readonly string[];
}

/** What a command line comes to: what it calls, what it prints, what it throws. */
async function asked(...argv: string[]): Promise<{ called: Called | null; printed: string; error: PawlError | null }> {
  let called: Called | null = null;
  let printed = '';
  try {
    await runProgram(
      COMMANDS,
      argv,
      async (entry, options, args) => {
        called = { name: entry.usage.split(' ')[0] ?? '', options, args };
      },
      (text) => {
        printed += text;
      },
    );
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    return { called, printed, error };
  }
  return { called, printed, error: null };
}

describe('the command line', () => {
  it.each([
    [['--json', '--registry', 'r', 'status', 'WID-12']],
    [['status', 'WID-12', '--json', '--registry', 'r']],
    [['--json', 'status', '--registry', 'r', 'WID-12']],
  ])('takes the options of all commands before and after the command: %j', async (argv) => {
    const { called } = await asked(...argv);
    expect(called).toEqual({ name: 'status', options: { json: true, registry: 'r' }, args: ['WID-12'] });
  });

  it.each(['-V', '--version'])('prints its version on %s and calls nothing', async (flag) => {
    expect(await asked(flag)).toEqual({ called: null, printed: `${packageVersion()}\n`, error: null });
  });

  it('prints help and version as one document each with --json', async () => {
    const document = async (...argv: string[]) => JSON.parse((await asked(...argv)).printed);
    expect(await document('--version', '--json')).toEqual({ version: packageVersion() });
    expect(await document('--json', '-V')).toEqual({ version: packageVersion() });
    const whole = { help: (await asked('--help')).printed.trim() };
    for (const argv of [
      ['--help', '--json'],
      ['help', '--json'],
    ])
      expect(await document(...argv)).toEqual(whole);
    const ofRun = { help: (await asked('run', '--help')).printed.trim() };
    for (const argv of [
      ['run', '--help', '--json'],
      ['--json', 'help', 'run'],
    ])
      expect(await document(...argv)).toEqual(ofRun);
  });

  it('prints its help without an error when nothing is asked for', async () => {
    const { printed, error } = await asked();
    expect(error).toBeNull();
    expect(printed).toMatch(/^Usage: pawl COMMAND/);
    for (const { usage } of COMMANDS) expect(printed).toContain(`  ${usage.split(' ')[0]} `);
    expect(printed).toContain('130, 143 interrupted');
  });

  it.each([[['--json']], [['--registry', 'r']]])('says that no command is named, in words: %j', async (argv) => {
    const { error, called } = await asked(...argv);
    expect(called).toBeNull();
    expect(error?.code).toBe('PAWL_USAGE');
    expect(error?.message).toContain('No command is named');
  });

  it.each(COMMANDS.map(({ usage }) => usage.split(' ')[0] ?? ''))(
    'prints the help of %s with an example, and what --json prints',
    async (name) => {
      const byOption = await asked(name, '--help');
      const byCommand = await asked('help', name);
      expect([byOption.error, byCommand.error]).toEqual([null, null]);
      expect(byCommand.printed).toBe(byOption.printed);
      expect(byOption.printed).toContain(`Example:\n  pawl ${name}`);
      const isForPeople = COMMANDS.some((entry) => entry.usage.startsWith(name) && entry.json !== null);
      expect(byOption.printed.includes('With --json:')).toBe(isForPeople);
    },
  );
});

it('lets a flag through with the one that it needs', async () => {
  const { called } = await asked('recover', '--take-over', '--reason', 'it burned');
  expect(called?.options).toEqual({ takeOver: true, reason: 'it burned' });
});

describe('a usage error', () => {
  it.each([
    [['run', '--nonsense'], "Unknown option '--nonsense'", 'pawl run --help'],
    [['--json', 'run', '--nonsense'], "Unknown option '--nonsense'", 'pawl run --help'],
    [['run', '--max-parallel', '1000'], 'whole number from 1 to 64', 'pawl run --help'],
    [['run', '--max-parallel', 'many'], 'whole number from 1 to 64', 'pawl run --help'],
    [['run', '--again'], '--again needs --packets', 'pawl run --help'],
    [['run', '--all-or-nothing', 'run_A'], '--all-or-nothing needs --packets', 'pawl run --help'],
    [['intake', 'p.json', '--reason', 'x'], '--reason needs --replace', 'pawl intake --help'],
    [['intake', 'p.json', '--replace', '--again'], "cannot be used with option '--again'", 'pawl intake --help'],
    [['intake', 'p.json', '--replace', '--all-or-nothing'], "option '--all-or-nothing'", 'pawl intake --help'],
    [['recover', '--reason', 'x'], '--reason needs --take-over', 'pawl recover --help'],
    [['recover', '--take-over', '--reason', 'x', '--dry-run'], "option '--dry-run'", 'pawl recover --help'],
    [['cancel'], "Missing required argument 'run", 'pawl cancel --help'],
    [['events', 'a', 'b'], 'Too many arguments', 'pawl events --help'],
    [['stauts'], "Unknown command 'stauts'", 'pawl --help'],
    [['help', 'nosuch'], 'Unknown command "nosuch"', 'pawl --help'],
  ])('of %j says what is wrong and names the help that fits, once', async (argv, message, help) => {
    const { called, printed, error } = await asked(...argv);
    expect([called, printed]).toEqual([null, '']);
    expect([error?.code, error?.message]).toEqual(['PAWL_USAGE', expect.stringContaining(message)]);
    expect(error?.actions.map(({ command }) => command)).toEqual([help]);
    expect(`${error?.message} ${error?.hint}`).not.toContain('--help');
  });
});

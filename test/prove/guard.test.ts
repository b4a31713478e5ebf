import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createGuard, type Guard } from '../../src/prove/guard/guard.ts';
import { JAIL_KINDS } from '../../src/prove/guard/jail.ts';
import { todaysPart } from '../support/draw.ts';

/** Three days in a row try every way to change a file, and to use the network. */
const DAYS = 3;

let folders: string[] = [];
let guards: Guard[] = [];
afterEach(() => {
  for (const guard of guards) guard.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  guards = [];
  folders = [];
});

interface Bench {
  readonly guard: Guard;
  readonly sandbox: string;
  readonly outside: string;
}

/** A sandbox with a guard around it, and a folder outside of it that holds the file `there`. */
function bench(): Bench {
  const [sandbox, outside] = ['pawl-guarded-', 'pawl-outside-'].map((prefix) =>
    realpathSync(mkdtempSync(join(tmpdir(), prefix))),
  );
  if (sandbox === undefined || outside === undefined) throw new Error('no folders');
  folders.push(sandbox, outside);
  writeFileSync(join(outside, 'there'), 'as it was\n');
  writeFileSync(join(sandbox, 'inside'), '');
  const guard = createGuard(sandbox, JAIL_KINDS);
  guards.push(guard);
  return { guard, sandbox, outside };
}

/** Runs `code` as an ES module under the guard, with `outside` and `sandbox` known to it. */
function run({ guard, sandbox, outside }: Bench, code: string, isJailed = false): SpawnSyncReturns<string> {
  const program = join(sandbox, 'program.mjs');
  const names = `const outside = ${JSON.stringify(outside)}; const sandbox = ${JSON.stringify(sandbox)};`;
  writeFileSync(program, `import fs from 'node:fs'; import { createRequire } from 'node:module';\n${names}\n${code}`);
  const argv = [process.execPath, program];
  const [command = '', ...rest] = isJailed ? (guard.jail(argv) ?? argv) : argv;
  const { NODE_OPTIONS: _, ...env } = process.env;
  return spawnSync(command, rest, { cwd: sandbox, env: { ...env, ...guard.environment() }, encoding: 'utf8' });
}

const hasJail = ((): boolean => {
  const sandbox = mkdtempSync(join(tmpdir(), 'pawl-guarded-'));
  const guard = createGuard(sandbox, JAIL_KINDS);
  const isThere = guard.jail(['true']) !== null;
  guard.close();
  rmSync(sandbox, { recursive: true });
  return isThere;
})();

describe('a change outside the sandbox is reported', () => {
  const FROM = 'const there = outside + "/there"; const fresh = outside + "/fresh";';
  const cases: Readonly<Record<string, string>> = {
    'fs.writeFileSync': 'fs.writeFileSync(fresh, "x")',
    'fs.writeFile': 'await new Promise((done) => fs.writeFile(fresh, "x", done))',
    'fs.promises.writeFile': 'await fs.promises.writeFile(fresh, "x")',
    'an import by name': 'const { writeFileSync } = await import("node:fs"); writeFileSync(fresh, "x")',
    'an import of fs/promises': 'const { appendFile } = await import("node:fs/promises"); await appendFile(there, "x")',
    require: 'createRequire(import.meta.url)("fs").appendFileSync(there, "x")',
    'a descriptor': 'fs.writeSync(fs.openSync(fresh, "w"), "x")',
    'a descriptor, flags as a number': 'fs.openSync(there, fs.constants.O_WRONLY | fs.constants.O_APPEND)',
    'a handle': 'const handle = await fs.promises.open(there, "r+"); await handle.write("x"); await handle.close()',
    'the attributes of a handle that reads':
      'const handle = await fs.promises.open(there); await handle.chmod(0o600); await handle.close()',
    'the attributes of a descriptor that reads': 'fs.fchmodSync(fs.openSync(there, "r"), 0o600)',
    'a stream':
      'const stream = fs.createWriteStream(fresh); stream.end("x"); await new Promise((done) => stream.on("close", done))',
    'fs.mkdirSync': 'fs.mkdirSync(fresh)',
    'fs.promises.mkdir, with folders above': 'await fs.promises.mkdir(outside + "/a/b/c", { recursive: true })',
    'fs.mkdtempSync': 'fs.mkdtempSync(outside + "/x")',
    'fs.unlinkSync': 'fs.unlinkSync(there)',
    'fs.promises.rm': 'await fs.promises.rm(there)',
    'fs.rename into the sandbox': 'await new Promise((done) => fs.rename(there, sandbox + "/there", done))',
    'fs.renameSync out of the sandbox': 'fs.renameSync(sandbox + "/inside", fresh)',
    'fs.linkSync': 'fs.linkSync(sandbox + "/inside", fresh)',
    'fs.linkSync of a file outside': 'fs.linkSync(there, sandbox + "/linked")',
    'fs.symlinkSync': 'fs.symlinkSync("/nowhere", fresh)',
    'fs.truncateSync': 'fs.truncateSync(there)',
    'fs.chmodSync': 'fs.chmodSync(there, 0o600)',
    'fs.utimesSync': 'fs.utimesSync(there, 1, 1)',
    'fs.copyFileSync': 'fs.copyFileSync(sandbox + "/inside", fresh)',
    'fs.cpSync': 'fs.cpSync(sandbox + "/inside", fresh)',
    'a relative path': 'process.chdir(outside); fs.writeFileSync("fresh", "x")',
    'a URL': 'fs.writeFileSync(new URL("file://" + fresh), "x")',
    'bytes of a path': 'fs.writeFileSync(Buffer.from(fresh), "x")',
    'a link that leads out': 'fs.symlinkSync(there, sandbox + "/link"); fs.writeFileSync(sandbox + "/link", "x")',
    'a link to a folder outside': 'fs.symlinkSync(outside, sandbox + "/link"); fs.mkdirSync(sandbox + "/link/fresh")',
    'a link that leads to nothing yet':
      'fs.symlinkSync(fresh, sandbox + "/link"); fs.writeFileSync(sandbox + "/link", "x")',
    'a way back out of a link':
      'fs.mkdirSync(outside + "/in"); fs.symlinkSync(outside + "/in", sandbox + "/link"); fs.writeFileSync(sandbox + "/link/../fresh", "x")',
  };
  test.for(todaysPart(Object.entries(cases), DAYS))('%s', ([, code]) => {
    const at = bench();
    const { status, stderr } = run(at, `${FROM}\n${code};`);
    expect([status, stderr]).toEqual([0, '']);
    expect(at.guard.violations().join('\n')).toMatch(/^program\.mjs \(pid \d+\) changes /);
    expect(at.guard.violations().join('\n')).toContain(at.outside);
  });

  test('an attempt that the system refuses is reported too', () => {
    const at = bench();
    run(at, 'try { fs.writeFileSync(outside + "/not/there", "x"); } catch {}');
    expect(at.guard.violations()).toHaveLength(1);
  });
});

describe('a use of the network is reported', () => {
  const quiet = '.on("error", () => undefined)';
  const cases: Readonly<Record<string, readonly [string, RegExp]>> = {
    'a connection': [`(await import("node:net")).connect(9, "127.0.0.1")${quiet}`, /connects to 127\.0\.0\.1:9/],
    'a connection by name': [
      `(await import("node:net")).connect({ port: 9, host: "localhost" })${quiet}`,
      /connects to localhost:9/,
    ],
    'a request': [`(await import("node:http")).get("http://127.0.0.1:9/")${quiet}`, /connects to 127\.0\.0\.1:9/],
    fetch: ['await fetch("http://127.0.0.1:65533/").catch(() => undefined)', /connects to 127\.0\.0\.1:65533/],
    'a connection under TLS': [
      `(await import("node:tls")).connect(9, "127.0.0.1")${quiet}`,
      /connects to 127\.0\.0\.1:9/,
    ],
    'a session of http2': [
      `(await import("node:http2")).connect("http://127.0.0.1:9")${quiet}`,
      /connects to 127\.0\.0\.1:9/,
    ],
    'a local socket outside': [
      `(await import("node:net")).connect(outside + "/socket")${quiet}`,
      /the local socket .*socket$/m,
    ],
    listening: [
      'const server = (await import("node:net")).createServer(); server.listen(0, "127.0.0.1", () => server.close())',
      /listens on 127\.0\.0\.1:0/,
    ],
    'a datagram': [
      'const socket = (await import("node:dgram")).createSocket("udp4"); socket.send("x", 9, "127.0.0.1", () => socket.close())',
      /uses datagrams \(send\)/,
    ],
    'a name': [
      'await new Promise((done) => import("node:dns").then(({ lookup }) => lookup("localhost", done)))',
      /resolves localhost \(lookup\)/,
    ],
    'a name, as a promise': [
      'await (await import("node:dns/promises")).lookup("localhost")',
      /resolves localhost \(lookup\)/,
    ],
    'a record of a name': [
      'new (await import("node:dns")).Resolver({ timeout: 1, tries: 1 }).resolve4("localhost", () => undefined)',
      /resolves localhost \(resolve4\)/,
    ],
  };
  test.for(todaysPart(Object.entries(cases), DAYS))('%s', ([, [code, told]]) => {
    const at = bench();
    const { status, stderr } = run(at, `${code};`);
    expect([status, stderr]).toEqual([0, '']);
    expect(at.guard.violations().join('\n')).toMatch(told);
  });
});

describe('what is allowed is not reported', () => {
  test('changes inside of the sandbox, reading anywhere, nothing kept', () => {
    const at = bench();
    const { status, stderr } = run(
      at,
      `fs.readFileSync(outside + '/there'); fs.readdirSync(outside); fs.closeSync(fs.openSync(outside, 'r')); fs.writeFileSync('/dev/null', 'x');
      fs.mkdirSync('a/b', { recursive: true }); fs.writeFileSync('a/b/c', 'x'); fs.renameSync('a/b/c', 'a/c'); fs.rmSync('a', { recursive: true });
      await fs.promises.writeFile(sandbox + '/d', 'x'); const handle = await fs.promises.open('d'); await handle.chmod(0o600); await handle.close();
      const server = (await import('node:net')).createServer(); server.listen(sandbox + '/socket', () => server.close());`,
    );
    expect([status, stderr]).toEqual([0, '']);
    expect(at.guard.violations()).toEqual([]);
    expect(at.guard.report().watched).toBe(1);
  });

  test('functions keep their names, numbers of arguments and errors', () => {
    const at = bench();
    const { stdout } = run(
      at,
      `const told = (call) => { try { call(); } catch (error) { return error.code + ' ' + error.syscall; } };
      console.log(JSON.stringify([fs.renameSync.name, fs.renameSync.length, fs.promises.writeFile.name, told(() => fs.rmdirSync('not there')), told(() => fs.mkdirSync('a\\0b')), told(() => fs.openSync({}))]));`,
    );
    expect(JSON.parse(stdout)).toEqual([
      'renameSync',
      2,
      'writeFile',
      'ENOENT rmdir',
      'ERR_INVALID_ARG_VALUE undefined',
      'ERR_INVALID_ARG_TYPE undefined',
    ]);
    expect(at.guard.violations()).toEqual([]);
  });
});

describe('the watch continues to children', () => {
  const child = '["-e", "fs.writeFileSync(process.argv[1], String())", outside + "/fresh"]';
  test.for([
    ['with our environment', `spawnSync(process.execPath, ${child})`],
    ['with an empty environment', `spawnSync(process.execPath, ${child}, { env: {} })`],
    ['with options of their own', `spawnSync(process.execPath, ${child}, { env: { NODE_OPTIONS: '--no-warnings' } })`],
    ['started by execFileSync', `execFileSync(process.execPath, ${child}, { env: {} })`],
    [
      'started in the background',
      `await new Promise((done) => spawn(process.execPath, ${child}, { env: {} }).on('exit', done))`,
    ],
    ['started by a shell', `spawnSync('sh', ['-c', '"$@"', 'sh', process.execPath, ...${child}], { env: {} })`],
  ] as const)('%s', ([, code]) => {
    const at = bench();
    const { status, stderr } = run(
      at,
      `const { spawn, spawnSync, execFileSync } = await import('node:child_process'); ${code};`,
    );
    expect([status, stderr]).toEqual([0, '']);
    expect(at.guard.violations()).toEqual([expect.stringMatching(/changes .*fresh \(/)]);
    expect(at.guard.report().watched).toBe(2);
  });
});

describe('the guard itself', () => {
  test('is a violation when it was loaded by no process', () => {
    const at = bench();
    at.guard.environment();
    expect(at.guard.violations()).toEqual(['no process loaded the guard']);
  });

  test('takes a line that it cannot read for a violation', () => {
    const at = bench();
    run(at, 'fs.appendFileSync("guard.log", "half a li\\n")');
    expect(at.guard.violations()).toEqual([expect.stringContaining('half a li')]);
  });

  test('takes what it cannot judge for a violation, and the caller sees its own error', () => {
    const at = bench();
    const { stdout } = run(
      at,
      `fs.mkdirSync('gone'); process.chdir('gone'); fs.rmdirSync(sandbox + '/gone');
      try { fs.writeFileSync('a', 'x'); } catch (error) { console.log(error.syscall); }`,
    );
    expect(stdout).toBe('open\n');
    expect(at.guard.violations().join('\n')).toMatch(/could not be watched at writeFileSync: /);
  });

  test('keeps the options that Node is given otherwise', () => {
    const at = bench();
    expect(at.guard.environment({ NODE_OPTIONS: '--no-warnings' }).NODE_OPTIONS).toMatch(
      /^--import=file:.* --no-warnings$/,
    );
  });
});

describe.skipIf(!hasJail)('the jail of the kernel', () => {
  test('lets a program write into the sandbox, and nowhere else', () => {
    const at = bench();
    mkdirSync(join(at.sandbox, 'folder'));
    const script =
      'pwd; echo x >inside && echo y >/dev/null && echo in; echo x >"$1/there"; echo x >"$1/fresh"; echo x >"$HOME/fresh"; rm "$1/there"';
    const [command = '', ...rest] = at.guard.jail(['sh', '-c', script, 'sh', at.outside]) ?? [];
    const { stdout, stderr } = spawnSync(command, rest, {
      cwd: at.sandbox,
      env: { ...process.env, HOME: at.outside },
      encoding: 'utf8',
    });
    expect(stdout).toBe(`${at.sandbox}\nin\n`);
    expect(stderr.match(/Read-only file system/g)).toHaveLength(4);
    expect(readFileSync(join(at.sandbox, 'inside'), 'utf8')).toBe('x\n');
    expect(readFileSync(join(at.outside, 'there'), 'utf8')).toBe('as it was\n');
    expect(existsSync(join(at.outside, 'fresh'))).toBe(false);
  });

  test('counts what was tried on the network by programs that nobody watches', () => {
    const at = bench();
    const code = "require('net').connect(9, '127.0.0.1').on('error', () => undefined)";
    const [command = '', ...rest] = at.guard.jail([process.execPath, '-e', code]) ?? [];
    expect(at.guard.violations()).toEqual([]);
    spawnSync(command, rest, { cwd: at.sandbox, env: { PATH: process.env.PATH } });
    expect(at.guard.violations()).toEqual([expect.stringMatching(/^the network was tried \d+ times in the jail/)]);
  });

  test.for(['udp4', 'udp6'] as const)('counts a datagram (%s) to an address far away', (kind) => {
    const at = bench();
    const address = kind === 'udp4' ? '192.0.2.1' : '2001:db8::1';
    const code = `const s = require('dgram').createSocket('${kind}'); s.send('x', 9, '${address}', () => s.close())`;
    const [command = '', ...rest] = at.guard.jail([process.execPath, '-e', code]) ?? [];
    spawnSync(command, rest, { cwd: at.sandbox, env: { PATH: process.env.PATH } });
    expect(at.guard.violations()).toHaveLength(1);
  });

  test('keeps pid, folder, exit code and links in the path', () => {
    const at = bench();
    symlinkSync(at.sandbox, join(at.outside, 'link'));
    const [command = '', ...rest] = at.guard.jail(['sh', '-c', 'echo $$; pwd -P; exit 7']) ?? [];
    const { stdout, status, pid } = spawnSync(command, rest, { cwd: join(at.outside, 'link'), encoding: 'utf8' });
    expect(stdout).toBe(`${pid}\n${at.sandbox}\n`);
    expect(status).toBe(7);
  });

  test('is one for all that is started in it, and its counters stay readable until it is closed', () => {
    const at = bench();
    const spaces = [1, 2].map(() => {
      const [command = '', ...rest] = at.guard.jail(['readlink', '/proc/self/ns/net']) ?? [];
      return spawnSync(command, rest, { cwd: at.sandbox, encoding: 'utf8' }).stdout;
    });
    expect(spaces[0]).toMatch(/^net:/);
    expect(spaces[0]?.trim()).not.toBe(readlinkSync('/proc/self/ns/net'));
    expect(spaces[1]).toBe(spaces[0]);
    expect(at.guard.violations()).toEqual([]);
    at.guard.close();
  });
});

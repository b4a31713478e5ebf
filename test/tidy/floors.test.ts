import { describe, expect, test } from 'vitest';
import {
  dietViolations,
  floorViolations,
  placeOf,
  portViolations,
  purityViolations,
  rawViolations,
  wiringViolations,
} from './floors.ts';
import { codeFiles, importingFiles, type SourceFile, told } from './source-tree.ts';

const file = (path: string, text: string): SourceFile => ({ path, text });
const tree = codeFiles();

describe('floors', () => {
  test('a file belongs to the longest room that fits', () => {
    expect(placeOf('src/host/main.ts')).toEqual({ room: 'src/host/', floor: 6 });
    expect(placeOf('src/index.ts')).toEqual({ room: 'src/index.ts', floor: 8 });
    expect(placeOf('src/adapters/agents/command.ts')?.floor).toBe(4);
    expect(placeOf('src/elsewhere/a.ts')).toBeNull();
  });

  test('an import from a higher floor is seen, type or not, and so is a file without a floor', () => {
    const files = [
      file('src/run/fold.ts', `import type { Journal } from '../store/journal.ts';\nimport { a } from '../base/a.ts';`),
      file('src/store/journal.ts', `import { fold } from '../run/fold.ts';\nimport { b } from './lock.ts';`),
      file('src/store/lock.ts', `const c = await import('../cli/main.ts');`),
      file('src/base/a.ts', ''),
      file('src/cli/main.ts', ''),
      file('src/odd/a.ts', ''),
    ];
    expect(told(floorViolations(files))).toEqual([
      'src/odd/a.ts no floor has this file',
      'src/run/fold.ts:1 floor 3 imports src/store/journal.ts of floor 4',
      'src/store/lock.ts:1 floor 4 imports src/cli/main.ts of floor 8',
    ]);
  });

  test('an import of what is not there, or of a test, is seen', () => {
    const files = [file('src/cli/main.ts', `import '../run/gone.ts';\nimport '../../test/support/fake-fs.ts';`)];
    expect(told(floorViolations(files))).toEqual([
      'src/cli/main.ts:1 imports src/run/gone.ts, which is not there',
      'src/cli/main.ts:2 imports test/support/fake-fs.ts, which is on no floor',
    ]);
  });

  test('an adapter imported below floor 7 is seen, its types included', () => {
    const files = [
      file('src/engine/driver.ts', `import { nodeFs } from '../adapters/node-fs.ts';`),
      file('src/engine/timers.ts', `import type { NodeFs } from '../adapters/node-fs.ts';`),
      file('src/host/main.ts', `import { nodeFs } from '../adapters/node-fs.ts';`),
      file('src/app/wiring.ts', `import { nodeFs } from '../adapters/node-fs.ts';`),
    ];
    expect(told(wiringViolations(files))).toEqual([
      'src/engine/driver.ts:1 only floor 7 and above wire: src/adapters/node-fs.ts must come through a port',
      'src/engine/timers.ts:1 only floor 7 and above wire: src/adapters/node-fs.ts must come through a port',
    ]);
  });

  test('what reaches files or starts processes past the ports is seen, its types included', () => {
    const files = [
      file('src/host/gate.ts', `import { join } from 'node:path';\nimport { openSync } from 'node:fs';`),
      file('src/store/a.ts', `const { open } = await import('node:fs/promises');`),
      file('src/host/run.ts', `import { spawn } from 'node:child_process';`),
      file('src/base/b.ts', `import type { ChildProcess } from 'node:child_process';`),
      file('src/index.ts', `import { existsSync } from 'fs';`),
      file('src/adapters/node-fs.ts', `import { openSync } from 'node:fs';`),
      file('src/cli/main.ts', `import { spawn } from 'node:child_process';`),
    ];
    expect(told(rawViolations(files))).toEqual([
      'src/base/b.ts:1 imports node:child_process: processes are started behind a port',
      'src/host/gate.ts:2 imports node:fs: files are reached through src/ports/fs',
      'src/host/run.ts:1 imports node:child_process: processes are started behind a port',
      'src/index.ts:1 imports fs: files are reached through src/ports/fs',
      'src/store/a.ts:1 imports node:fs/promises: files are reached through src/ports/fs',
    ]);
  });

  test('what stands behind a port is seen where runs are driven', () => {
    const files = [
      file('src/engine/effects/work.ts', `import { readArtifact } from '../../store/artifacts.ts';`),
      file('src/engine/run-look.ts', `import { readJournal } from '../store/journal.ts';`),
      file('src/worker/observe.ts', `import type { Registers } from '../ports/registers.ts';`),
    ];
    expect(told(portViolations(files))).toEqual([
      'src/engine/effects/work.ts:1 imports src/store/artifacts.ts, which stands behind a port',
    ]);
  });

  test('Node, clocks and chance in a pure room are seen', () => {
    const files = [
      file('src/run/a.ts', `import { join } from 'node:path';\nconst now = Date.now();\nconst date = new Date(atMs);`),
      file('machines/b.machine.ts', `const id = Math.random();\nconst a = new Date();\nconst text = 'Date.now()';`),
      file('src/store/c.ts', `import { join } from 'node:path';\nconst now = Date.now();`),
    ];
    expect(told(purityViolations(files))).toEqual([
      'machines/b.machine.ts:1 a pure room reads a clock, chance or the process',
      'machines/b.machine.ts:2 a pure room reads a clock, chance or the process',
      'src/run/a.ts:1 a pure room imports node:path',
      'src/run/a.ts:2 a pure room reads a clock, chance or the process',
    ]);
  });

  test('a heavy package that is loaded by detours is seen, with the way there', () => {
    const files = [
      file('src/host/main.ts', `import { a } from '../run/a.ts';`),
      file('src/host/light.ts', `import type { A } from '../model/a.ts';\nconst late = () => import('../model/a.ts');`),
      file('src/run/a.ts', `import { A } from '../model/a.ts';`),
      file('src/model/a.ts', `import { z } from 'zod';`),
      file('src/model/b.ts', `/** B. Free of zod. */\nimport { a } from './a.ts';`),
      file('src/run/hash.ts', `import { sha256 } from '../base/sha256.ts';`),
      file('src/cli/main.ts', `import { a } from '../model/a.ts';`),
      file('src/base/sha256.ts', `import { createHash } from 'node:crypto';`),
    ];
    expect(told(dietViolations(files))).toEqual([
      'src/cli/main.ts the way to `pawl status` loads src/model/a.ts → zod',
      'src/host/main.ts the worker host loads src/run/a.ts → src/model/a.ts → zod',
      'src/model/b.ts a file that says "free of zod" loads src/model/a.ts → zod',
      'src/run/hash.ts a pure room loads src/base/sha256.ts → node:crypto',
    ]);
  });
});

describe('the project', () => {
  test('imports only downwards', () => expect(told(floorViolations(importingFiles()))).toEqual([]));
  test('chooses its adapters on floor 7 and above', () => expect(told(wiringViolations(importingFiles()))).toEqual([]));
  test('reaches files and starts processes only through ports, but in adapters and on floors 7 and 8', () =>
    expect(told(rawViolations(tree))).toEqual([]));
  test('drives by the ports of a registry', () => expect(told(portViolations(tree))).toEqual([]));
  test('keeps machines and the pure rooms free of Node, clocks and chance', () =>
    expect(told(purityViolations(tree))).toEqual([]));
  test('loads nothing heavy where it must start fast', () => expect(told(dietViolations(tree))).toEqual([]));
});

// Records the golden journals of the present rules: what the simulated machine writes on every story of the charts, each line once.
// Usage: npm run journals:record. Rules that have their journals keep them: a second recording is refused.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../dist/src/adapters/system-clock.js';
import { coverSteps, scarceOn } from '../../dist/src/prove/matrix-cover.js';
import { freshMachine, play } from '../../dist/src/prove/sim/play.js';
import { SIM_PATHS } from '../../dist/src/prove/sim/sim-paths.js';
import { storyOf } from '../../dist/src/prove/sim/story.js';
import { RUN_RULES } from '../../dist/src/run/system.js';
import { Files } from '../../dist/src/store/files.js';
import { listRuns } from '../../dist/src/store/registry.js';

const JOURNAL_BYTES_MAX = 10_000_000;
const [root = fileURLToPath(new URL('../fixtures/journals', import.meta.url))] = process.argv.slice(2);
const file = join(root, String(RUN_RULES), 'stories.jsonl');

/** The lines of every run on a machine: the story's own, and those of others that it meets. */
function linesOn(disk) {
  const files = new Files(disk, systemClock);
  return listRuns(files, SIM_PATHS).flatMap((runId) => {
    const bytes = files.readBytes(SIM_PATHS.journal(runId), JOURNAL_BYTES_MAX);
    return new TextDecoder().decode(bytes).split('\n').slice(0, -1);
  });
}

async function record() {
  const lines = new Set();
  const { paths } = coverSteps();
  for (const [number, path] of paths.entries()) {
    const types = path.map(({ type }) => type);
    const played = await play(storyOf(`story ${number}`, types, scarceOn(path)), freshMachine());
    if (played.problem !== null || !played.progress.isExact) {
      throw new Error(
        `story ${number} (${types.join(' → ')}): ${played.problem ?? 'it took other steps than those told'}`,
      );
    }
    for (const line of linesOn(played.disk)) lines.add(line);
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, [...lines, ''].join('\n'), { flag: 'wx' });
  console.log(`${paths.length} stories, ${lines.size} records: ${file}`);
}

if (existsSync(dirname(file))) {
  console.error(
    `The journals of rules ${RUN_RULES} are recorded already (${dirname(file)}). Raise RUN_RULES in src/run/system.ts and record those of the new rules; remove these only if no version of Pawl has ever written a journal under them.`,
  );
  process.exitCode = 1;
} else await record();

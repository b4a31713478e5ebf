// Records the golden journals of the present rules, each line once: what the simulated machine writes on every story of the charts, and what the
// model decides of what no story tells: findings that can be compared, completions after the end, notes of the engine.
// Usage: npm run journals:record. Rules that have their journals keep them: a second recording is refused.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../dist/src/adapters/system-clock.js';
import { sha256 } from '../../dist/src/base/sha256.js';
import { stateHash } from '../../dist/src/kernel/image.js';
import { FIRST_PREV, RECORD_VERSION } from '../../dist/src/model/system-record.js';
import { coverSteps, scarceOn } from '../../dist/src/prove/matrix-cover.js';
import { cover } from '../../dist/src/prove/model/cover.js';
import { explore } from '../../dist/src/prove/model/graph.js';
import { HASH } from '../../dist/src/prove/model/settlements.js';
import { MODEL_RUN, opening, stepsOf } from '../../dist/src/prove/model/world.js';
import { COMPARABLE, LOOPING, worldOf } from '../../dist/src/prove/model/worlds.js';
import { freshSite } from '../../dist/src/prove/sim/outside.js';
import { play } from '../../dist/src/prove/sim/play.js';
import { SIM_PATHS } from '../../dist/src/prove/sim/sim-paths.js';
import { storyOf } from '../../dist/src/prove/sim/story.js';
import { decideRun, RUN_RULES, runSystem } from '../../dist/src/run/system.js';
import { Files } from '../../dist/src/store/files.js';
import { sealRecord } from '../../dist/src/store/journal-lines.js';
import { listRuns } from '../../dist/src/store/registry.js';

const JOURNAL_BYTES_MAX = 10_000_000;
const [root = fileURLToPath(new URL('../fixtures/journals', import.meta.url))] = process.argv.slice(2);
const folder = join(root, String(RUN_RULES));

/** The lines of every run on a machine: the story's own, and those of others that it meets. */
function linesOn(disk) {
  const files = new Files(disk, systemClock);
  return listRuns(files, SIM_PATHS).flatMap((runId) => {
    const bytes = files.readBytes(SIM_PATHS.journal(runId), JOURNAL_BYTES_MAX);
    return new TextDecoder().decode(bytes).split('\n').slice(0, -1);
  });
}

async function storyLines() {
  const lines = new Set();
  for (const [number, path] of coverSteps().paths.entries()) {
    const types = path.map(({ type }) => type);
    const played = await play(storyOf(`story ${number}`, types, scarceOn(path)), freshSite());
    if (played.problem !== null || !played.progress.isExact) {
      throw new Error(
        `story ${number} (${types.join(' → ')}): ${played.problem ?? 'it took steps other than those of its path'}`,
      );
    }
    for (const line of linesOn(played.machine.disk)) lines.add(line);
  }
  return lines;
}

/** A fix loop whose rounds can be compared, on every step that it can take; after the longest way, what comes late and what the engine notes. */
function modelLines() {
  const world = worldOf(LOOPING, ['completed'], COMPARABLE);
  const lines = new Set();
  const journals = cover(explore(world), 1).map((path) => {
    const journal = new Journal(lines);
    journal.take(opening(world.policy));
    for (const { event } of path) {
      journal.take(stepsOf(journal.state, world).find(({ type }) => type === event.type).input);
    }
    return journal;
  });
  // No story tells of a packet that is insufficient either: it has no step after its first.
  new Journal(lines).take(opening(world.policy, ['scope.goal']));
  const [longest] = journals.sort((a, b) => b.state.seq - a.state.seq);
  for (const input of lateSteps(longest.state)) longest.take(input);
  return lines;
}

/** Completions of a task that has ended, one of each worth, and every note that moves no machine. */
function lateSteps({ children }) {
  const [actor, { context }] = Object.entries(children).find(([, { context }]) => context.settlement !== null);
  const code = 'PAWL_EVENT_STALE';
  const notes = [
    { type: 'settlementRefused', code, settlement: 'workerEnded', key: 'k' },
    { type: 'commandRefused', code, commandId: 'c', command: 'resolve', state: 'cancelled' },
    { type: 'agentNamed', agentOverride: 'a' },
  ].map((event) => ({ actor: 'driver', event, atMs: 1 }));
  const report = { type: 'completionReported', requestHash: context.requestHash, outcomeHash: 'e'.repeat(64) };
  const reports = [
    { ...report, outcomeHash: context.settlement.outcomeHash, completionHash: HASH, isValid: true },
    { ...report, completionHash: 'f'.repeat(64), isValid: true },
    { ...report, requestHash: 'another', completionHash: HASH, isValid: true },
    { ...report, completionHash: null, isValid: false },
  ].map((event, n) => ({ actor, event: { ...event, entryId: `late-${n}` }, atMs: 1 }));
  return [...reports, ...notes];
}

/** A journal as the model decides it. */
class Journal {
  state = null;
  #prev = FIRST_PREV;
  #lines;

  constructor(lines) {
    this.#lines = lines;
  }

  take({ actor, event, atMs }) {
    const decision = decideRun(MODEL_RUN, this.state, { actor, event, atMs });
    if (decision.kind === 'refused') throw new Error(`${event.type}: ${decision.reason}`);
    const { state, effects } = decision;
    const post = stateHash(runSystem, state, sha256);
    const place = { v: RECORD_VERSION, rules: RUN_RULES, seq: state.seq, gen: 1, atMs, prev: this.#prev };
    const { record, line } = sealRecord({ ...place, actor, event, effects, post });
    this.state = state;
    this.#prev = record.sum;
    this.#lines.add(line.trimEnd());
  }
}

function write(name, lines) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), [...lines, ''].join('\n'), { flag: 'wx' });
  console.log(`${lines.size} records: ${join(folder, name)}`);
}

if (existsSync(folder)) {
  console.error(
    `The journals of rules ${RUN_RULES} are recorded already (${folder}). Raise RUN_RULES in src/run/system.ts and record those of the new rules; remove these only if no version of Pawl has ever written a journal under them.`,
  );
  process.exitCode = 1;
} else {
  write('model.jsonl', modelLines());
  write('stories.jsonl', await storyLines());
}

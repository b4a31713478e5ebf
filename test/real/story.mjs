/**
 * One story of a real agent: it runs two steps, something is killed during the second, or its model is gone after that; the work ends ready for review.
 *
 * Owns: what is killed when, and what must hold afterwards, seen from outside. Does not own: which agents are tried (main.mjs), the place (place.mjs), the
 * model (model.mjs).
 */
import { existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openDoor } from './door.mjs';
import { isAside, replyIn, STEPS } from './model.mjs';
import { isWrittenBelow, linesOf, makePlace, pawlAt, register, STEP_MS } from './place.mjs';
import { agentsOwn, kill, marked } from './processes.mjs';

const { startModelStandIn } = await import(
  fileURLToPath(new URL('../../dist/src/cli/doctor/model-stand-in.js', import.meta.url))
);

/**
 * What is killed while the agent's second step runs, in this order. `agent`: every process of its own, its launcher first; `worker`:
 * the process on record.
 */
export const STORIES = {
  undisturbed: [],
  runner: ['runner'],
  host: ['host'],
  runnerAndHost: ['runner', 'host'],
  agent: ['agent'],
  worker: ['worker'],
  everything: ['runner', 'host', 'agent'],
  outage: [],
};

/** How long the model is gone in the story of an outage: longer than most agents try again by themselves. */
const OUTAGE_MS = 60_000;

/** How long an agent may take to write down what it has done. */
const KEPT_MS = 20_000;

/** Plays the story; the row that is printed, with its faults. */
export async function playStory({ agent, story, program, scratch, isNamespaced, way, settings }) {
  const began = Date.now();
  const place = makePlace(scratch);
  const standIn = await startModelStandIn({ reply: replyIn(way) });
  const faults = [];
  const door = await openDoor(standIn.url);
  const pawl = pawlAt(agent, program, place, door.url, { name: basename(scratch), isNamespaced, settings });
  const kills = STORIES[story];
  try {
    const first = pawl.run();
    if (kills.length > 0) {
      if (await until(() => linesOf(place.started[1]).length > 0, first)) {
        // Some write their session down a moment later; what they had not when they died, they cannot know.
        await until(() => isWrittenBelow(place.home, STEPS[0].done), first, KEPT_MS);
        for (const pid of victims(kills, first, pawl, program, isNamespaced)) kill(pid);
      } else faults.push('the second step never ran');
    }
    if (story === 'outage') await outage(place, door, first, faults);
    // A step that has outlived its agent without a namespace is ended by Pawl, and does not end by itself before.
    const letGo = () => writeFileSync(place.release, '');
    if (!hasKilledAgent(kills) && story !== 'outage') letGo();
    await ended(first, faults, () => isRunAgain(place) && letGo());
    if (kills.includes('runner')) await ended(pawl.run(), faults, () => isRunAgain(place) && letGo());
    const calls = standIn.calls();
    return {
      ...judge(story, pawl, place, faults),
      calls: calls.length,
      aside: calls.filter(isAside).length,
      seconds: (Date.now() - began) / 1000,
    };
  } finally {
    writeFileSync(place.release, '');
    await door.shut();
    await standIn.close();
  }
}

/** The model is gone when the second step ends, and back a while later. */
async function outage(place, door, runner, faults) {
  if (!(await until(() => linesOf(place.started[1]).length > 0, runner))) {
    faults.push('the second step never ran');
    return;
  }
  await door.shut();
  writeFileSync(place.release, '');
  await sleep(OUTAGE_MS);
  await door.open();
}

function hasKilledAgent(kills) {
  return kills.some((part) => part !== 'runner' && part !== 'host');
}

function isRunAgain(place) {
  return linesOf(place.started[1]).length > 1;
}

/** Resolves when the runner has ended, `look` called meanwhile; one that does not end is killed, and that is a fault. */
async function ended(runner, faults, look) {
  let hasEnded = false;
  void runner.ended.then(() => {
    hasEnded = true;
  });
  for (const endMs = Date.now() + 2 * STEP_MS; !hasEnded && Date.now() < endMs; await sleep(50)) look();
  if (hasEnded) return;
  faults.push('pawl run did not end');
  kill(runner.pid);
  await runner.ended;
}

/** True once `isThere`; false when the runner ended first or the time is over. */
async function until(isThere, runner, withinMs = STEP_MS) {
  let hasEnded = false;
  void runner.ended.then(() => {
    hasEnded = true;
  });
  for (const endMs = Date.now() + withinMs; Date.now() < endMs && !hasEnded; await sleep(50))
    if (isThere()) return true;
  return isThere();
}

function victims(parts, runner, pawl, program, isNamespaced) {
  const [task] = pawl.work();
  const { mark, worker } = register(task, 'agent.json');
  const pids = {
    runner: () => [runner.pid],
    host: () => [register(task, 'claim').host.pid],
    worker: () => [worker.pid],
    agent: () => agentsOwn(marked(mark), program, worker.pid, isNamespaced),
  };
  return parts.flatMap((part) => pids[part]());
}

/** What must hold, from what lies on disk and in the process table. */
function judge(story, pawl, place, faults) {
  const view = pawl.status();
  const starts = pawl.work().filter((task) => existsSync(join(task, 'agent.json'))).length;
  const work = view.tasks.filter((task) => task.purpose === 'implementation');
  const turns = work.map((task) => task.turn);
  const isCutOff = hasKilledAgent(STORIES[story]);
  const [one, two] = place.started.map(linesOf);
  if (view.state !== 'readyForManualReview') {
    faults.push(
      `the run stands at ${view.state}: ${view.blockers.map((blocker) => `${blocker.code} ${blocker.message}`).join('; ')}`,
    );
  }
  if (story === 'outage') return judgeOutage(view, work, one, two, faults);
  const workers = isCutOff ? 2 : 1;
  if (starts !== workers) faults.push(`${starts} workers were started, ${workers} expected`);
  if (one.length !== 1) faults.push(`the first step, which was done, ran ${one.length} times`);
  if (two.includes('TWICE')) faults.push('two tools ran at once');
  if (two.length !== workers) faults.push(`the second step ran ${two.length} times, ${workers} expected`);
  const session = sessionOf(turns);
  if (session !== (isCutOff ? 'resumed' : 'one')) {
    const how = work.map((task) => `${task.result} ${task.turn?.session} ${JSON.stringify(task.turn?.ended)}`);
    faults.push(`the session is ${session}: ${how.join('; ')}`);
  }
  const left = marked(`${view.runId}/`);
  if (left.length > 0) faults.push(`processes left: ${left.join(', ')}`);
  for (const pid of left) kill(pid);
  return {
    faults,
    version: turns[0]?.cliVersion ?? '?',
    session,
    starts,
    steps: `${one.length}+${two.length}`,
  };
}

/** However often it was tried again: in one session, no attempt charged, no step repeated. */
function judgeOutage(view, work, one, two, faults) {
  const results = work.map(({ result, code }) => (result === 'completed' ? result : `${result} ${code}`));
  const [first] = work;
  if (results.some((result) => result !== 'completed' && result !== 'limited PAWL_AGENT_UNREACHABLE'))
    faults.push(`its attempts ended so: ${results.join(', ')}`);
  if (one.length !== 1 || two.length !== 1) faults.push(`the steps ran ${one.length} and ${two.length} times`);
  const ids = new Set(work.map(({ turn }) => turn?.session ?? turn?.askedSession));
  const isOne = ids.size === 1 && work.slice(1).every(({ turn }) => turn?.isResume === true && !turn.isSessionRefused);
  if (!isOne) faults.push(`its sessions: ${[...ids].join(', ')}`);
  const left = marked(`${view.runId}/`);
  if (left.length > 0) faults.push(`processes left: ${left.join(', ')}`);
  return {
    faults,
    version: first?.turn?.cliVersion ?? '?',
    session: work.length === 1 ? 'one' : isOne ? 'resumed' : 'another',
    starts: work.length,
    steps: `${one.length}+${two.length}`,
  };
}

/** `one`: there was one turn; `resumed`: the second continued with the first one's session, as its agent says; else what became of it. */
function sessionOf([first, second, ...more]) {
  if (first === undefined || more.length > 0) return `of ${more.length + 2} turns`;
  if (second == null) return 'one';
  if (second.isSessionRefused) return 'refused';
  if (!second.isResume) return 'fresh';
  return (second.session ?? second.askedSession) === (first.session ?? first.askedSession) ? 'resumed' : 'another';
}

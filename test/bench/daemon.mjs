/**
 * The daemon: its start beside ended runs, at rest, a command against a commit, its change feed with a hundred clients.
 *
 * Owns: those measurements. Does not own: the daemon and its projects (daemon-place), the clients of the feed (feed-clients), the limits (main).
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { createBenchRegistry, createRuns, renewLease, settleUntil } from './bench-registry.mjs';
import { addWaitingRuns, createDaemonPlace } from './daemon-place.mjs';
import { FeedClients, openDeafClient } from './feed-clients.mjs';
import { packetsOf } from './packets.mjs';
import { median } from './statistics.mjs';

const PROJECTS = 10;
const RUNS_EACH = 200;
const STARTS = 3;
/** Once, between 15 and 40 s after its start and for about 0.2 s, V8 gives back what the start has left: the median of three is without it. */
const RESTS = 3;
const REST_MS = 20_000;
const SETTLE_MS = 25_000;
const TOLD_MS = 10_000;
const LOOK_MS = 20;
const WARM_UP = 50;
const COMMANDS = 250;
const CLIENTS = 100;
const CHANGES = 1_000;
/** A cancelled run brings at least two: the record's, and the decision on the command. */
const CANCELS = CHANGES / 2;

/** All figures of one daemon. */
export async function measureDaemon() {
  const place = await createDaemonPlace({ projects: PROJECTS, runsEach: RUNS_EACH });
  try {
    const starts = [];
    for (let n = 0; n < STARTS; n += 1) {
      if (n > 0) await place.stop();
      starts.push(await place.start());
    }
    const rest = await measureRest(place);
    const packets = packetsOf(RUNS_EACH + WARM_UP + COMMANDS + 2 * CANCELS + 1).slice(RUNS_EACH);
    const few = await addWaitingRuns(place, 'p0', packets.splice(0, WARM_UP + COMMANDS + 1));
    const command = await measureCommand(place, few);
    const waiting = await addWaitingRuns(place, 'p0', packets);
    place.forgetPeak();
    const alone = await measureFeed(place, waiting.splice(0, CANCELS), false);
    const beside = await measureFeed(place, waiting.splice(0, CANCELS), true);
    return { startMs: median(starts), rest, command, alone, beside, peakRssBytes: place.peakRssBytes() };
  } finally {
    await place.remove();
  }
}

/** What a daemon takes that has nothing to do. */
async function measureRest(place) {
  await pause(SETTLE_MS);
  const shares = [];
  for (let n = 0; n < RESTS; n += 1) {
    const [cpuMs, fromMs] = [place.cpuMs(), performance.now()];
    await pause(REST_MS);
    shares.push((place.cpuMs() - cpuMs) / (performance.now() - fromMs));
  }
  return { cpuShare: median(shares), rssBytes: place.rssBytes() };
}

/** Commands and commits of a journal take turns: medians of both, and the ratio of these. */
async function measureCommand({ client }, runIds) {
  const registry = await createBenchRegistry({ isSynced: true });
  const [run] = await createRuns(registry, 1);
  await settleUntil(run, 'prepareWorkspace');
  const turns = [];
  for (const [n, runId] of runIds.entries()) {
    const commandMs = await timed(() => cancel(client, runId));
    const commitMs = await timed(() => renewLease(registry, run));
    if (n >= WARM_UP) turns.push({ commandMs, commitMs });
  }
  await registry.close();
  const commandMs = median(turns.map((turn) => turn.commandMs));
  const commitMs = median(turns.map((turn) => turn.commitMs));
  return { commandMs, commitMs, ratio: commandMs / commitMs };
}

/** Clients that follow the feed while runs are cancelled as fast as the answers come. */
async function measureFeed({ client, socket }, runIds, isBesideDeaf) {
  const deaf = isBesideDeaf ? await openDeafClient(socket) : null;
  const clients = await FeedClients.open(socket, CLIENTS);
  const from = (await client.call('getApi')).cursor;
  for (const runId of runIds) await cancel(client, runId);
  const to = await headAt(client, from + CHANGES);
  const latencies = await clients.until(to);
  clients.close();
  deaf?.destroy();
  const changes = to - from;
  if (changes < CHANGES) throw new Error(`the bench is wrong: ${changes} changes`);
  if (latencies.length < changes * CLIENTS) throw new Error('a client has missed changes');
  latencies.sort((a, b) => a - b);
  return { changes, p99Ms: latencies[Math.floor(latencies.length * 0.99)], p50Ms: median(latencies) };
}

/** The end of the feed, once it has come so far: a command is answered before the feed has its change. */
async function headAt(client, least) {
  for (const endMs = performance.now() + TOLD_MS; ; await pause(LOOK_MS)) {
    const { cursor } = await client.call('getApi');
    if (cursor >= least || performance.now() > endMs) return cursor;
  }
}

async function cancel(client, runId) {
  const { accepted } = await client.call('commandRun', {
    params: { id: runId },
    query: { project: 'p0' },
    body: { command: 'cancel', reason: 'the bench' },
  });
  if (accepted !== true) throw new Error(`the bench is wrong: ${runId} was not cancelled`);
}

async function timed(body) {
  const startMs = performance.now();
  await body();
  return performance.now() - startMs;
}

/** Every command to a run in every state of its machine has the answer that the machine gives, by HTTP: once, for ever, and never as a fault of ours. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Driver } from '../../src/engine/driver.ts';
import { planIntake } from '../../src/engine/intake.ts';
import type { World } from '../../src/engine/world.ts';
import { placeOf, shownSubstate } from '../../src/run/run-view.ts';
import type { RunState } from '../../src/run/system.ts';
import { quarantineRun } from '../../src/store/quarantine.ts';
import { noteCleaned } from '../../src/store/removed-runs.ts';
import { ASKED, type Asked, decided, engineOn, PLACES, type Standing, standingRuns } from '../support/standing-runs.ts';
import { ask, Contract, codeOf, type JsonAnswer, jsonOf, type RawAnswer } from './contract-kit.ts';
import { StandingDaemon } from './standing-daemon.ts';

/** States in which no run can be found, and why. */
const NEVER_FOUND: Readonly<Record<string, string>> = {
  packetReceived: 'the first record of a run leads on from it',
};

const contract = new Contract();
const daemon = new StandingDaemon();
let standings: readonly Standing[] = [];

beforeAll(async () => {
  await daemon.open();
  standings = await standingRuns();
});
afterAll(() => daemon.close());

let keys = 0;

/** Sends the command; sent again under its key, and again to whoever comes later, it has the same answer. */
async function command(runId: string, asked: Asked, ifSeq: number | null): Promise<RawAnswer> {
  keys += 1;
  const json =
    asked === 'cancel' ? { command: 'cancel' } : { command: 'resolve', decision: asked, reason: 'as tested' };
  const condition = ifSeq === null ? {} : { 'If-Match': `"${ifSeq}"` };
  return thrice('commandRun', `/api/v1/runs/${runId}/commands`, json, condition);
}

async function thrice(id: 'commandRun' | 'addRuns', path: string, json: unknown, more = {}): Promise<RawAnswer> {
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': `key-${keys}`, ...more };
  const send = async (): Promise<RawAnswer> =>
    contract.check(id, await ask(daemon, { method: 'POST', path, body: JSON.stringify(json), headers }));
  const first = await send();
  const known = await keptAnswer();
  const again = await send();
  await daemon.restart();
  const later = await send();
  expect([said(again), said(later)]).toEqual([said(first), said(first)]);
  expect(await keptAnswer()).toEqual(known);
  return first;
}

/** What is known under the key that was used last. */
async function keptAnswer(): Promise<readonly unknown[]> {
  return said(contract.check('getCommand', await ask(daemon, { path: `/api/v1/commands/key-${keys}` })));
}

/** What the answer says, but for what names the request. */
function said(answer: RawAnswer): readonly unknown[] {
  const { requestId: _request, ...body } = jsonOf(answer);
  return [answer.status, answer.headers['content-type'], body];
}

async function viewOf(runId: string): Promise<JsonAnswer> {
  return jsonOf(contract.check('getRun', await ask(daemon, { path: `/api/v1/runs/${runId}` })));
}

/** What a command comes to: its answer, and where the run stands after it. */
async function outcome(runId: string, asked: Asked, ifSeq: number | null): Promise<readonly unknown[]> {
  const answer = await command(runId, asked, ifSeq);
  const { state, substate, seq } = await viewOf(runId);
  const body = jsonOf(answer);
  const accepted = codeOf(answer) ?? [body.accepted, body.decided, body.seq, (body.run as JsonAnswer).state];
  return [answer.status, accepted, state, substate, seq];
}

/** What the machine says that it must come to. */
function expected({ state }: Standing, asked: Asked, seq: number): readonly unknown[] {
  const decision = decided(state, asked);
  if (decision.kind === 'accepted') {
    const [after, substate] = shownPlace(decision.state);
    return [200, [true, true, seq + 1, after], after, substate, seq + 1];
  }
  // Of a run that has ended nothing is recorded any more.
  const isRecorded = !state.root.hasTag('ended');
  return [409, 'PAWL_COMMAND_REFUSED', ...shownPlace(state), isRecorded ? seq + 1 : seq];
}

function shownPlace({ root }: RunState): readonly [string, string | null] {
  const [state, substate] = placeOf(root.value);
  return [state, shownSubstate(state, substate)];
}

/** The standing run is served by a new engine. */
async function served(standing: Standing, prepare?: (world: World) => Promise<unknown>) {
  const driver = await engineOn(standing, prepare);
  daemon.serve(driver);
  const { runId } = standing.entry;
  return { driver, runId, seq: driver.view(runId)?.seq ?? 0 };
}

it('a run was found in every state of the machine, but for those in which none can be', () => {
  const found = new Set(standings.map(({ place }) => place));
  expect(PLACES.filter((place) => !found.has(place))).toEqual(Object.keys(NEVER_FOUND));
  expect(PLACES.length).toBeGreaterThan(30);
});

it('these are all the commands that the document has', () => {
  const { components } = JSON.parse(readFileSync(new URL('../../docs/api/openapi.json', import.meta.url), 'utf8'));
  const kinds: readonly { properties: { command: { const: string }; decision?: { enum: string[] } } }[] =
    components.schemas.RunCommand.oneOf;
  expect(kinds.flatMap(({ properties: { command: named, decision } }) => decision?.enum ?? [named.const])).toEqual(
    ASKED,
  );
});

describe.each(ASKED)('%s', (asked) => {
  it.each([
    ['without a condition', false],
    ['under the condition that holds', true],
  ])('%s is answered in every state as the machine decides', async (_how, isConditional) => {
    for (const standing of standings) {
      const { driver, runId, seq } = await served(standing);
      const came = await outcome(runId, asked, isConditional ? seq : null);
      expect([standing.name, ...came]).toEqual([standing.name, ...expected(standing, asked, seq)]);
      await driver.close();
    }
  });
});

it('under the condition of another record than the last one no command changes anything in any state', async () => {
  for (const standing of standings) {
    const { driver, runId, seq } = await served(standing);
    const before = await viewOf(runId);
    for (const [index, asked] of ASKED.entries()) {
      const answer = await command(runId, asked, index % 2 === 0 ? seq - 1 : seq + 1);
      expect([standing.name, asked, answer.status, codeOf(answer)]).toEqual([
        standing.name,
        asked,
        412,
        'PAWL_COMMAND_STALE',
      ]);
    }
    expect(await viewOf(runId)).toEqual(before);
    await driver.close();
  }
});

/** What an intake of the run's packet comes to as it is planned. */
async function planned(driver: Driver, { entry: { reading } }: Standing, again: boolean): Promise<readonly unknown[]> {
  const { config } = driver.world;
  const known = {
    view: (runId: string) => driver.view(runId),
    withPacket: () => null,
    holders: () => driver.runs().map(({ runId, state }) => ({ runId, branch: state.root.context.branch })),
    options: [],
    repository: await driver.repository.facts(),
  };
  const { outcomes } = planIntake([reading], config, known, { again });
  return outcomes.map(({ runId, outcome: what, refusal }) => [runId, what, refusal?.code ?? null]);
}

describe('the packet of the run, recorded', () => {
  it.each([
    ['once more', { again: false }],
    ['again', { again: true }],
    ['all or nothing', { again: false, allOrNothing: true }],
  ])('%s is answered in every state as it is planned', async (_how, options) => {
    for (const standing of standings) {
      const { driver } = await served(standing);
      const plan = await planned(driver, standing, options.again);
      keys += 1;
      const json = { packets: [standing.entry.reading.given], ...options };
      const answer = await thrice('addRuns', '/api/v1/runs', json);
      const told = jsonOf<{ packets?: { runId: string; outcome: string; refusal: { code: string } | null }[] }>(answer);
      const came = told.packets?.map(({ runId, outcome: what, refusal }) => [runId, what, refusal?.code ?? null]);
      expect([standing.name, answer.status, came]).toEqual([standing.name, 201, plan]);
      await driver.close();
    }
  });
});

describe('a run that no machine drives', () => {
  const why = { code: 'PAWL_JOURNAL_DAMAGED', detail: 'd', findings: [], surfaces: [], atMs: 1 } as const;
  const standingIn = (place: string): Standing => {
    const found = standings.find((each) => each.place === place);
    if (found === undefined) throw new Error(`no run is ${place}`);
    return found;
  };
  it('because it is set aside takes nothing but being abandoned, once, and not under a condition that does not hold', async () => {
    const standing = standingIn('implementing.working');
    const { runId, reading } = standing.entry;
    for (const asked of ASKED) {
      const { driver } = await served(standing, ({ files, paths }) => quarantineRun(files, paths, runId, why));
      const stale = await command(runId, asked, standing.state.seq);
      expect([asked, codeOf(stale), (await viewOf(runId)).kind]).toEqual([asked, 'PAWL_COMMAND_STALE', 'quarantined']);
      const { seq } = await viewOf(runId);
      const answer = await command(runId, asked, seq as number);
      expect([asked, codeOf(answer)]).toEqual([asked, asked === 'abandon' ? null : 'PAWL_COMMAND_REFUSED']);
      const isOver = asked === 'abandon';
      expect((await viewOf(runId)).kind).toBe(isOver ? 'terminal' : 'quarantined');
      for (const second of ASKED)
        if (isOver) expect(codeOf(await command(runId, second, null))).toBe('PAWL_COMMAND_REFUSED');
      keys += 1;
      const intake = await thrice('addRuns', '/api/v1/runs', { packets: [reading.given], allOrNothing: true });
      expect([asked, codeOf(intake)]).toEqual([asked, isOver ? null : 'PAWL_RUN_QUARANTINED']);
      await driver.close();
    }
  });

  it('because its worktree was removed is not tried again', async () => {
    const standing = standingIn('failedExecution');
    const { runId } = standing.entry;
    const { driver } = await served(standing, ({ files, paths }) =>
      noteCleaned(files, paths, runId, { atMs: 1, by: 'somebody', rescueRef: null }),
    );
    const answer = await command(runId, 'retry', null);
    expect([codeOf(answer), String(jsonOf(answer).detail)]).toEqual([
      'PAWL_COMMAND_REFUSED',
      expect.stringContaining('Its worktree was removed.'),
    ]);
    await driver.close();
  });

  it('because there is none of its id is unknown', async () => {
    const { driver } = await served(standingIn('cancelled'));
    for (const asked of ASKED) expect(codeOf(await command('run_nobody', asked, null))).toBe('PAWL_RUN_UNKNOWN');
    await driver.close();
  });
});

it('none of these answers was a fault of the daemon', () => {
  expect(daemon.lines).toEqual([]);
});

/** What XState would restore without a word is compared with the journal: set aside, or never looked at; without it nothing is lost (L7). */

import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { canonicalJson, type Json } from '../../src/base/canonical-json.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { examine } from '../../src/engine/recovery/rehydrate.ts';
import { lookAtRun, recordsOf } from '../../src/engine/run-look.ts';
import type { World } from '../../src/engine/world.ts';
import { snapshotOf, stateImage } from '../../src/kernel/image.ts';
import type { StoredSnapshot } from '../../src/model/system-record.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { foldRun, machineOf, runSystem } from '../../src/run/system.ts';
import { storeToLookAt } from '../../src/store/file-store.ts';
import { Files } from '../../src/store/files.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { bytesOf, putBytes, SIM_RUN, startSim } from '../support/sim-run.ts';

type Loose = Record<string, Json>;
/** Parts of a stored snapshot, free to be changed. */
interface Draft {
  seq: number;
  sum: string;
  systemId: string;
  machine: Loose;
  actors: Record<string, Loose>;
  outbox?: Loose[];
  deadlines: Loose[];
  [more: string]: unknown;
}
type Tamper = (draft: Draft, older: StoredSnapshot) => void;

const TASK = 'implementation-e0-a1';
const run = (draft: Draft): Loose => draft.actors.run ?? {};
const task = (draft: Draft): Loose => draft.actors[TASK] ?? {};
const contextOf = (actor: Loose): Loose => Object(actor.context) as Loose;

/** Each is one that XState restores as if nothing were wrong. */
const ACCEPTED_BY_XSTATE: Readonly<Record<string, Tamper>> = {
  'the value of another state': (draft) => {
    run(draft).value = 'handoffReady';
  },
  'a final value with the status of an active run': (draft) => {
    run(draft).value = 'readyForManualReview';
  },
  'the status of an ended run': (draft) => {
    run(draft).status = 'done';
  },
  'the status of a stopped actor': (draft) => {
    run(draft).status = 'stopped';
  },
  'no status at all': (draft) => void delete run(draft).status,
  'a counter that is one more': (draft) => {
    contextOf(run(draft)).fixes = 1;
  },
  'a counter of another type': (draft) => {
    contextOf(run(draft)).fixes = 'none';
  },
  'a gate that passed': (draft) => {
    const gates = Object(contextOf(run(draft)).gates);
    gates.verification = { ...Object(gates.verification), status: 'PASS' };
  },
  'another head commit': (draft) => {
    contextOf(run(draft)).headCommit = 'f'.repeat(40);
  },
  'a key that nobody knows in the context': (draft) => {
    contextOf(run(draft)).extra = 1;
  },
  'a key that nobody knows beside the context': (draft) => {
    run(draft).extra = 1;
  },
  'no context at all': (draft) => void delete run(draft).context,
  'a child that nobody spawned': (draft) => {
    run(draft).children = { ghost: { src: 'ghost', snapshot: { status: 'active' }, syncSnapshot: false } };
  },
  'a history that was never made': (draft) => {
    run(draft).historyValue = { 'run.verification': [] };
  },
  'a task that was not settled': (draft) => {
    contextOf(task(draft)).settlement = null;
  },
  'a task in another state': (draft) => {
    task(draft).value = { progress: { open: 'requested' }, supervision: 'watching', completions: 'awaited' };
  },
};

/** Each leaves every actor as it was. */
const AROUND_THE_ACTORS: Readonly<Record<string, readonly [code: string, Tamper]>> = {
  'a task less': ['PAWL_SNAPSHOT_DIVERGED', (draft) => void delete draft.actors[TASK]],
  'a task more': [
    'PAWL_SNAPSHOT_DIVERGED',
    (draft) => {
      draft.actors['fix-e1-a1'] = { ...task(draft) };
    },
  ],
  'an effect that is owed again': [
    'PAWL_SNAPSHOT_DIVERGED',
    (draft) => void draft.outbox?.push({ actor: 'run', kind: 'projectHandoff', key: `${SIM_RUN}/9.0:projectHandoff` }),
  ],
  'a deadline that was never set': [
    'PAWL_SNAPSHOT_DIVERGED',
    (draft) => void draft.deadlines.push({ actor: 'run', atMs: 1, id: 'lease', key: 'x', kind: 'deadline' }),
  ],
  'an older sequence under the newer state': [
    'PAWL_SNAPSHOT_DIVERGED',
    (draft) => {
      draft.seq -= 1;
    },
  ],
  'an older sequence and its sum under the newer state': [
    'PAWL_SNAPSHOT_DIVERGED',
    (draft, older) => void Object.assign(draft, { seq: older.seq, sum: older.sum }),
  ],
  'a sequence that the journal has not reached': [
    'PAWL_HISTORY_LOST',
    (draft) => {
      draft.seq += 1;
    },
  ],
  'sequence 0': [
    'PAWL_SNAPSHOT_DIVERGED',
    (draft) => {
      draft.seq = 0;
    },
  ],
  'a sum of another history': [
    'PAWL_SNAPSHOT_DIVERGED',
    (draft) => {
      draft.sum = 'a'.repeat(64);
    },
  ],
  'the name of another run': [
    'PAWL_SNAPSHOT_DIVERGED',
    (draft) => {
      draft.systemId = 'run_OTHER_000000000000';
    },
  ],
  'a key that nobody knows': [
    'PAWL_SNAPSHOT_DAMAGED',
    (draft) => {
      draft.extra = 1;
    },
  ],
  'another version of its form': [
    'PAWL_SNAPSHOT_DAMAGED',
    (draft) => {
      draft.v = 3;
    },
  ],
  'no outbox': ['PAWL_SNAPSHOT_DAMAGED', (draft) => void delete draft.outbox],
  'actors that are no objects': ['PAWL_SNAPSHOT_DIVERGED', (draft) => void Object.assign(draft.actors, { run: 'x' })],
};

/** Bytes that are no snapshot at all. */
const NO_SNAPSHOT: Readonly<Record<string, string>> = {
  'an empty file': '',
  'the word null': 'null\n',
  'an empty object': '{}\n',
  'an empty list': '[]\n',
  'zero bytes': '\0\0\0\0',
  'half of it': '{"actors":{"run":{',
};

/** One parked run with its snapshot, and what its journal alone says of every record. */
interface Played {
  readonly machine: SimMachine;
  readonly world: World;
  readonly path: string;
  readonly stored: StoredSnapshot;
  /** By sequence, from 1: the snapshot that was true then. */
  readonly honest: readonly StoredSnapshot[];
  readonly image: string;
}

async function play(): Promise<Played> {
  const machine = new SimMachine(new MemoryFs(), { 'verification-e1-a1': 'BLOCKED' });
  const { world, error } = await startSim(machine);
  if (world === null || error !== null) throw error;
  const path = world.paths.snapshot(SIM_RUN);
  const honest: StoredSnapshot[] = [];
  const folding = foldRun(SIM_RUN, recordsOf(world, SIM_RUN), {
    hash: sha256,
    onRecord: ({ sum }, state) => void honest.push(snapshotOf(runSystem, state, sum, world.definitionHash)),
  });
  if (folding.kind !== 'whole' || folding.state === null) throw new Error('the journal does not fold');
  const stored = JSON.parse(new TextDecoder().decode(bytesOf(machine.disk, path)));
  return { machine, world, path, stored, honest, image: stateImage(runSystem, folding.state) };
}

const played = await play();

/** The snapshot as somebody changed it. */
function tampered(tamper: Tamper): Draft {
  const draft: Draft = JSON.parse(canonicalJson(played.stored));
  const before = played.honest.at(-2);
  if (before === undefined) throw new Error('there is no older snapshot');
  tamper(draft, before);
  return draft;
}

/** The run folder as it is with that text as its snapshot; null removes it. */
function withSnapshot(text: string | null): World {
  const fs = played.machine.disk.crash('everything');
  if (text === null) fs.unlink(played.path);
  else putBytes(fs, played.path, new TextEncoder().encode(text));
  const files = new Files(fs, systemClock);
  return { ...played.world, files, ...storeToLookAt(files, played.world.paths) };
}

const textOf = (snapshot: unknown): string => `${canonicalJson(snapshot)}\n`;

/** The code under which the run is doubted; null when it is live, and then it is what the journal proves. */
async function doubtIn(world: World): Promise<string | null> {
  const found = await examine(world, SIM_RUN);
  if (found.kind === 'absent' || found.kind === 'unsupported') throw new Error(`the run is ${found.kind}`);
  if (found.kind === 'doubtful') return found.doubt.code;
  expect(stateImage(runSystem, found.state)).toBe(played.image);
  return null;
}

/** A driver finds the run so: it sets it aside, or drives on; no worker starts in either case. */
async function startsOn(text: string | null): Promise<string | undefined> {
  const machine = new SimMachine(withSnapshot(text).files.fs as MemoryFs, {});
  const { view } = await startSim(machine);
  expect([...machine.starts]).toEqual([]);
  return view?.state;
}

describe('a snapshot that XState restores as if nothing were wrong', () => {
  it.each(Object.entries(ACCEPTED_BY_XSTATE))('and that has %s sets the run aside', async (_name, tamper) => {
    const changed = tampered(tamper);
    for (const [actor, persisted] of Object.entries(changed.actors)) {
      const snapshot = JSON.parse(canonicalJson(persisted));
      expect(createActor(machineOf(actor), { snapshot }).getSnapshot().status).not.toBe('error');
    }
    expect(textOf(changed)).not.toBe(textOf(played.stored));
    expect(await doubtIn(withSnapshot(textOf(changed)))).toBe('PAWL_SNAPSHOT_DIVERGED');
    expect((await lookAtRun(withSnapshot(textOf(changed)), SIM_RUN))?.state).toBe('quarantined');
    expect(await startsOn(textOf(changed))).toBe('quarantined');
  });
});

describe('a snapshot whose actors are true', () => {
  it.each(Object.entries(AROUND_THE_ACTORS))('and that has %s sets the run aside', async (_name, [code, tamper]) => {
    const text = textOf(tampered(tamper));
    expect(await doubtIn(withSnapshot(text))).toBe(code);
    expect((await lookAtRun(withSnapshot(text), SIM_RUN))?.state).toBe('quarantined');
    expect(await startsOn(text)).toBe('quarantined');
  });

  it.each(Object.entries(NO_SNAPSHOT))('is not taken for absent when it is replaced by %s', async (_name, text) => {
    expect(await doubtIn(withSnapshot(text))).toBe('PAWL_SNAPSHOT_DAMAGED');
    expect(await startsOn(text)).toBe('quarantined');
  });

  it('is read only in the form in which Pawl writes it', async () => {
    expect(await doubtIn(withSnapshot(JSON.stringify(played.stored, null, 1)))).toBe('PAWL_SNAPSHOT_DAMAGED');
    expect(await doubtIn(withSnapshot(textOf(played.stored)))).toBeNull();
  });

  it('is not believed over a journal that is gone', async () => {
    const world = withSnapshot(textOf(played.stored));
    world.files.fs.unlink(world.paths.journal(SIM_RUN));
    expect(await doubtIn(world)).toBe('PAWL_HISTORY_LOST');
  });
});

describe('a snapshot is disposable (L7)', () => {
  it('that was true at any earlier record is rolled forward to the same state', async () => {
    expect(played.honest.length).toBeGreaterThanOrEqual(10);
    for (const snapshot of played.honest) expect(await doubtIn(withSnapshot(textOf(snapshot)))).toBeNull();
  });

  it('that belongs to any one record is doubted under the sequence of any other', async () => {
    for (const mine of played.honest) {
      for (const { seq, sum } of played.honest) {
        if (seq === mine.seq) continue;
        // A record of the driver alone changes no machine: then the state is that of both.
        const isSame = textOf({ ...mine, seq, sum }) === textOf(played.honest[seq - 1]);
        const code = isSame ? null : 'PAWL_SNAPSHOT_DIVERGED';
        expect([mine.seq, seq, await doubtIn(withSnapshot(textOf({ ...mine, seq, sum })))]).toEqual([
          mine.seq,
          seq,
          code,
        ]);
      }
    }
  });

  it('of another version of the rules is as good as none: the fold decides', async () => {
    const other = { ...played.stored, definitionHash: 'f'.repeat(64), rules: 99 };
    expect(await doubtIn(withSnapshot(textOf(other)))).toBeNull();
  });

  it('and without it the run is what it was, to every reader', async () => {
    expect(await doubtIn(withSnapshot(null))).toBeNull();
    const [kept, gone] = [textOf(played.stored), null].map((text) => lookAtRun(withSnapshot(text), SIM_RUN));
    expect(await gone).toEqual(await kept);
    expect(await startsOn(null)).toBe('blockedNeedsHuman');
  });
});

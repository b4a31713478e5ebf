/** Every engine that is broken on purpose is found, by what it breaks; each is the real one behind a port that lies. */
import { expect, test } from 'vitest';
import { orderSystem } from '../../../docs/examples/order.ts';
import type { FsPort } from '../../../src/ports/fs.ts';
import type { Asked } from '../../../src/prove/system/moves.ts';
import { proveWith } from '../../../src/prove/system/prove-system.ts';
import { type OpenEngine, openRealEngine, type PerformEffect } from '../../../src/prove/system/proven-engine.ts';
import type { SystemProof } from '../../../src/prove/system/system-proof.ts';
import { plantedSystem } from './planted-system.ts';

/** The order without a decline: one path. */
const SUBJECT: Asked = {
  system: orderSystem,
  options: {
    begin: { type: 'orderPlaced', cents: 1 } as { type: string },
    answers: ({ kind }) => [
      kind === 'chargeCard' ? { type: 'cardCharged', receipt: 'r' } : { type: 'parcelShipped', tracking: 't' },
    ],
  },
};

/** It asks for something, and a command calls it off. */
const CALLED_OFF: Asked = {
  options: {
    begin: { type: 'begun' },
    answers: () => [{ type: 'done' }],
    commands: () => [{ event: { type: 'poked' } }],
  },
  system: plantedSystem({
    first: { entry: 'act', exit: { type: 'withdraw', params: { kind: 'act' } }, on: { poked: 'last', done: 'last' } },
    last: { type: 'final' },
  }),
};
/** Of the first process of every machine. */
const FIRST_PID = 101;

/** Without stops and failures: for what shows as soon as the engine works. */
const UNSTOPPED: Asked = { ...SUBJECT, options: { ...SUBJECT.options, stopsMax: 0 } };

const sentences = ({ broken }: SystemProof): readonly string[] => broken.map(({ sentence }) => sentence);

/** The file system with some of its calls replaced. */
function behind(fs: FsPort, replaced: Partial<FsPort>): FsPort {
  return new Proxy(fs, {
    get(inner, name) {
      const found: unknown = Reflect.get(replaced, name) ?? Reflect.get(inner, name);
      return typeof found === 'function' ? found.bind(inner) : found;
    },
  });
}

const onFiles =
  (lie: (fs: FsPort) => Partial<FsPort>): OpenEngine =>
  (ports, ...rest) =>
    openRealEngine({ ...ports, fs: behind(ports.fs, lie(ports.fs)) }, ...rest);

const onPerforming =
  (lie: (perform: PerformEffect) => PerformEffect): OpenEngine =>
  (ports, system, begin, perform) =>
    openRealEngine(ports, system, begin, lie(perform));

test('the engine that everybody gets: nothing is found', async () => {
  expect(sentences(await proveWith(openRealEngine, SUBJECT))).toEqual([]);
  expect(sentences(await proveWith(openRealEngine, CALLED_OFF))).toEqual([]);
});

test('one that does not sync its journal', async () => {
  const proof = await proveWith(
    onFiles(() => ({ dataSync: async () => undefined })),
    SUBJECT,
  );
  expect(sentences(proof)).toContain('chargeCard is performed under a key that no durable record asks for');
  expect(sentences(proof)).toContain('after a stop, acknowledged records are lost');
  expect(sentences(proof)).toContain(
    'after a stop, chargeCard is performed again after the fact that settles it was acknowledged',
  );
});

test('one that does not sync the folder of its journal', async () => {
  const proof = await proveWith(
    onFiles((fs) => ({
      sync: async (fd) => {
        if (fs.kindOf(fd) !== 'folder') await fs.sync(fd);
      },
    })),
    UNSTOPPED,
  );
  expect(sentences(proof)).toContain('chargeCard is performed under a key that no durable record asks for');
});

test('one that performs an effect before the record that asks for it', async () => {
  const hasty = onPerforming((perform) => async (performing) => {
    const event = await perform(performing);
    const { effect } = performing;
    const next = { ...performing, effect: { ...effect, kind: 'shipParcel', key: 'proof/2.0:shipParcel' } };
    if (effect.kind === 'chargeCard' && event !== null) void perform(next).catch(() => null); // dies with its process
    return event;
  });
  const proof = await proveWith(hasty, UNSTOPPED);
  expect(sentences(proof)).toContain('shipParcel is performed under a key that no durable record asks for');
});

test('one that performs every effect twice', async () => {
  const eager = onPerforming((perform) => (performing) => {
    void perform(performing).catch(() => null); // dies with its process
    return perform(performing);
  });
  expect(sentences(await proveWith(eager, UNSTOPPED))).toContain(
    'chargeCard is performed twice by one process under one key',
  );
});

test('one that performs again as if it were for the first time', async () => {
  const forgetful = onPerforming((perform) => (performing) => perform({ ...performing, mayBeRepeated: false }));
  expect(sentences(await proveWith(forgetful, SUBJECT))).toContain(
    'after a stop, chargeCard is performed again, and its performer is not told that it may have been performed before',
  );
});

test('one that gives every process keys of its own', async () => {
  let processes = 0;
  const renaming: OpenEngine = (ports, system, begin, perform) => {
    processes += 1;
    const own = ` of process ${processes}`;
    return openRealEngine(ports, system, begin, (performing) => {
      const { effect } = performing;
      return perform({ ...performing, effect: { ...effect, key: `${effect.key}${own}` } });
    });
  };
  const proof = await proveWith(renaming, UNSTOPPED);
  expect(sentences(proof)).toContain('chargeCard is performed under a key that no durable record asks for');
});

test('one that does not take up what its predecessor owed', async () => {
  const lazy: OpenEngine = (ports, system, begin, perform) => {
    const isFirst = ports.processes.self().pid === FIRST_PID;
    return openRealEngine(ports, system, begin, isFirst ? perform : async () => null);
  };
  const proof = await proveWith(lazy, CALLED_OFF);
  expect(sentences(proof)).toContain('after a stop, effects were performed under no key, not under proof/1.0:act');
});

test('one that continues after a failure that it has reported', async () => {
  const unhalted: OpenEngine = async (...args) => {
    const engine = await openRealEngine(...args);
    return {
      get state() {
        return engine.state;
      },
      fault: null,
      send: (event, actor) => engine.send(event, actor),
      close: () => engine.close(),
    };
  };
  expect(sentences(await proveWith(unhalted, CALLED_OFF))).toContain(
    'after a failure, the engine reports a failure but is not halted',
  );
});

test('one that swallows what a sync says', async () => {
  const deaf = onFiles((fs) => ({
    dataSync: async (fd) => {
      try {
        await fs.dataSync(fd);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error)) throw error;
      }
    },
  }));
  expect(sentences(await proveWith(deaf, SUBJECT))).toContain(
    'after a failure, the engine continued after a failed sync',
  );
});

test('one that does not cut off what a stop has left of a record', async () => {
  const careless = onFiles(() => ({ truncate: () => undefined }));
  const proof = await proveWith(careless, SUBJECT);
  expect(sentences(proof)).toContainEqual(expect.stringMatching(/^after a stop, the engine fails: /));
});

test('one that says it has recorded what it has not', async () => {
  const lying: OpenEngine = async (...args) => {
    const engine = await openRealEngine(...args);
    return { ...engine, close: () => engine.close(), fault: null, state: engine.state };
  };
  const proof = await proveWith(lying, UNSTOPPED);
  expect(sentences(proof)).toContainEqual(expect.stringMatching(/was given to the engine, which records nothing$/));
});

test('one whose state is ahead of its journal', async () => {
  const hasty: OpenEngine = async (...args) => {
    const engine = await openRealEngine(...args);
    const { state } = engine;
    return { ...engine, close: () => engine.close(), fault: null, state: { ...state, seq: state.seq + 1 } };
  };
  expect(sentences(await proveWith(hasty, UNSTOPPED))).toContain('the engine is at record 2, and its journal at 1');
});

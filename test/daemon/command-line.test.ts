/** The command line where a daemon drives the registry: it goes through it, and looks the same. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentOf, startPawl } from '../support/pawl-cli.ts';
import { packetOf, verdict } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';
import { DaemonPlace } from './daemon-kit.ts';

const place = new DaemonPlace();
const scenario = new Scenario();

beforeAll(async () => {
  scenario.scripted({ parked: { review: [verdict('BLOCKED')] } });
  scenario.packets(packetOf('one'), packetOf('two'), packetOf('parked'), packetOf('long'), packetOf('late'));
  await place.start();
  await place.client.call('addProject', { body: { path: scenario.path, id: 'widget' } });
});

afterAll(async () => {
  await place.end();
  await scenario.end();
});

const pawl = (...args: readonly string[]) => scenario.callIn(scenario.path, place.environment, ...args);

describe('with a daemon', () => {
  it('run records packets, follows their runs to their ends, and says what it says without one', async () => {
    const file = scenario.packets(packetOf('one'), packetOf('two'));
    const { code, stdout, stderr } = await pawl('run', '--packets', file);
    expect(stdout).toMatch(/2 ready for review|2 runs|ready/);
    expect(code).toBe(0);
    expect(stderr).toMatch(/run_one_\w+ implementing/);
    expect(stdout.match(/readyForManualReview|ready for/g)?.length).toBeGreaterThan(1);
    const again = documentOf(await pawl('run', '--packets', file, '--json')) as {
      readonly packets: readonly { readonly outcome: string }[];
      readonly stopped: boolean;
    };
    expect(again.packets.map(({ outcome }) => outcome)).toEqual(['present', 'present']);
    expect(again.stopped).toBe(false);
  });

  it('run names an agent for runs that wait for another one, and follows them', async () => {
    const file = scenario.packets(packetOf('late'));
    const waits = await pawl('run', '--packets', file, '--agent', 'nobody');
    expect([waits.code, waits.stdout]).toEqual([3, expect.stringContaining('PAWL_AGENT_MISSING')]);
    const alone = await pawl('run', '--agent', 'worker');
    expect(alone.stderr).toMatch(/--agent counts here only together with --packets/);
    const goesOn = await pawl('run', '--packets', file, '--agent', 'worker');
    expect([goesOn.code, goesOn.stdout]).toEqual([0, expect.stringMatching(/run_late_\w+ +readyForManualReview/)]);
  });

  it('intake, resolve and cancel are decided by the daemon, and their refusals read as without one', async () => {
    const file = scenario.packets(packetOf('parked'));
    const taken = await pawl('intake', file);
    expect(taken.code).toBe(0);
    await place.until('it to park', async () => {
      const { runs } = await place.client.call('listRuns', { query: { kind: 'blocked' } });
      return runs.length === 1;
    });
    const wrong = await pawl('resolve', 'one', 'retry', '--reason', 'again');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('PAWL_COMMAND_REFUSED')]);
    expect(wrong.stderr).toMatch(/Cannot retry run_one_\w+ while it is readyForManualReview; nothing was changed\./);
    const given = await pawl('resolve', 'parked', 'abandon', '--reason', 'not needed');
    expect(given.code).toBe(0);
    expect(given.stdout).toMatch(/run_parked_\w+ .*cancelled/);
  });
});

it('run stops following at Ctrl-C, says so, and stops nothing', async () => {
  scenario.scripted({
    long: {
      implementation: [
        { do: 'sleep', ms: 4_000 },
        { do: 'write', path: 'work-of/long/a.txt', text: 'a' },
        { do: 'answer' },
      ],
    },
  });
  const file = scenario.packets(packetOf('long'));
  const call = startPawl(scenario.path, { ...scenario.repo.environment, ...place.environment }, [
    'run',
    '--packets',
    file,
  ]);
  await place.until('its worker', () => scenario.starts().some(({ runId }) => runId.startsWith('run_long')));
  call.child.kill('SIGINT');
  const { code, stderr } = await call.ended;
  expect(code).toBe(130);
  expect(stderr).toMatch(
    /SIGINT: stopped following; the daemon goes on with run_long_\w+\. pawl run follows them again\./,
  );
  await place.until('the run to end all the same', async () => {
    const { runs } = await place.client.call('listRuns', { query: { kind: 'terminal' } });
    return runs.some(({ runId, state }) => runId.startsWith('run_long') && state === 'readyForManualReview');
  });
});

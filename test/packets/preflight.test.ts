/** What is known to stop a packet before any worker has started. */
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import { hintOf } from '../../src/blockers/catalogue.ts';
import { shownBlocker } from '../../src/blockers/shown-blocker.ts';
import { blocker } from '../../src/model/blocker.ts';
import { parseConfig } from '../../src/model/config.ts';
import type { ShownBlocker } from '../../src/model/error.ts';
import { blockerSchema } from '../../src/model/event.ts';
import type { Packet } from '../../src/model/packet.ts';
import type { AgentsToChoose } from '../../src/packets/choose-agents.ts';
import { readPackets } from '../../src/packets/packets.ts';
import { commandBlocker, type PreflightPlace, preflight, targetBlocker } from '../../src/packets/preflight.ts';
import { type Given, goodPacket } from './good-packet.ts';

function packetOf(change: Given = {}): Packet {
  const packet = readPackets(JSON.stringify([{ ...goodPacket(), ...change }]), sha256).readings[0]?.packet;
  if (packet === undefined) throw new Error('no packet');
  return packet;
}

function agentsOf(
  names: readonly string[],
  roles: Record<string, string> = {},
  broken: readonly string[] = [],
  installed: readonly string[] = [],
): AgentsToChoose {
  return {
    has: (name) => names.includes(name),
    names: () => names,
    forRole: (role) => roles[role] ?? null,
    ofEnvironment: () => null,
    installation: (name) => (name === 'claude' ? 'npm i claude' : null),
    installed: () => installed,
    problem: (name) =>
      broken.includes(name) ? blocker('PAWL_AGENT_UNUSABLE', { reason: 'notExecutable', name, path: name }, []) : null,
  };
}

function placeOf(change: Partial<Omit<PreflightPlace, 'config'>> & { readonly config?: object } = {}): PreflightPlace {
  const { config = {}, ...rest } = change;
  const whole = { verification: { allow: ['npm test'] }, ...config };
  return {
    config: parseConfig(JSON.stringify(whole), 'pawl.config.json'),
    agents: agentsOf(['worker']),
    repository: { origin: null, defaultBranches: ['main'] },
    agentOverride: null,
    ...rest,
  };
}

/** What stops the packet, in words. */
function shownIn(packet: Packet, place: PreflightPlace): readonly ShownBlocker[] {
  return preflight(packet, place).blockers.map(shownBlocker);
}

function codesIn(packet: Packet, place: PreflightPlace): readonly string[] {
  return preflight(packet, place).blockers.map(({ code }) => code);
}

it('a packet that nothing stops is given an agent for every part that it needs', () => {
  expect(preflight(packetOf(), placeOf())).toEqual({
    agents: { implementer: 'worker', fixer: 'worker', reviewer: 'worker' },
    blockers: [],
  });
  expect(preflight(packetOf({ verification: { expectations: ['x'] } }), placeOf()).agents.verifier).toBe('worker');
});

describe('commands', () => {
  const codes = (commands: unknown, config: object = {}): readonly string[] =>
    codesIn(packetOf({ verification: { commands } }), placeOf({ config }));

  it('of the packet and of the setup that are not admitted are reported in one blocker each, all of them named', () => {
    const blockers = shownIn(
      packetOf({ verification: { commands: ['npm test', 'make all', 'make more'] } }),
      placeOf({ config: { workspace: { setup: ['npm ci'] } } }),
    );
    expect(blockers.map(({ code, evidence }) => [code, evidence])).toEqual([
      ['PAWL_SETUP_NOT_ALLOWED', ['npm ci']],
      ['PAWL_VERIFICATION_NOT_ALLOWED', ['make all', 'make more']],
    ]);
    expect(blockers[1]?.message).toContain('"make all"');
    expect(blockers[1]?.hint).toContain('verification.allow');
  });

  it.each(['npm test | tee log', 'npm test && echo ok', 'npm test > log', 'CI=1 npm test', 'npm test $(id)'])(
    'that need a shell (%s) are refused whatever is admitted, and the config is not named as the way out',
    (command) => {
      expect(codes(command, { verification: { allow: ['*'] } })).toEqual(['PAWL_VERIFICATION_NOT_ALLOWED']);
      const [found] = shownIn(packetOf({ verification: { commands: command } }), placeOf());
      expect(found?.message).toContain('cannot be run without a shell: it ');
      expect(found?.hint).not.toContain('verification.allow');
    },
  );

  it('that are admitted stop nothing', () => {
    expect(codes(['npm test', 'node --test a.js'], { verification: { allow: ['npm test', 'node --test *'] } })).toEqual(
      [],
    );
  });
});

describe('agents', () => {
  it('that are missing or unusable are reported once each, for every role, not only the first', () => {
    const roles = { implementer: 'worker', fixer: 'broken', reviewer: 'gone' };
    const place = placeOf({ agents: agentsOf(['worker', 'broken'], roles, ['broken']) });
    expect(codesIn(packetOf(), place)).toEqual(['PAWL_AGENT_UNUSABLE', 'PAWL_AGENT_MISSING']);
    expect(codesIn(packetOf(), placeOf({ agents: agentsOf([]) }))).toEqual(['PAWL_AGENT_MISSING']);
  });

  it('are chosen by the override, the packet, the role, or as the only one; a verifier is the reviewer', () => {
    const agents = agentsOf(['a', 'b', 'c'], { implementer: 'a', fixer: 'a', reviewer: 'b' });
    const packet = packetOf({ verification: { expectations: ['x'] } });
    const roles = { implementer: 'a', fixer: 'a', reviewer: 'b', verifier: 'b' };
    expect(preflight(packet, placeOf({ agents })).agents).toEqual(roles);
    const all = (name: string) => ({ implementer: name, fixer: name, reviewer: name, verifier: name });
    const ofPacket = packetOf({ agent: 'c', verification: { expectations: ['x'] } });
    expect(preflight(ofPacket, placeOf({ agents })).agents).toEqual(all('c'));
    expect(preflight(ofPacket, placeOf({ agents, agentOverride: 'a' })).agents).toEqual(all('a'));
  });

  it('that Pawl knows and does not find are reported with how they are installed', () => {
    const [found] = shownIn(packetOf({ agent: 'claude' }), placeOf());
    expect(found).toMatchObject({
      code: 'PAWL_AGENT_MISSING',
      hint: expect.stringMatching(
        /^Name another one with --agent \(worker\), or install it \(npm i claude\), or name /,
      ),
    });
  });

  it('that are there can be named with --agent, which the hint says before anything else', () => {
    const hint = (agents: AgentsToChoose) => shownIn(packetOf(), placeOf({ agents }))[0]?.hint ?? '';
    expect(hint(agentsOf([]))).toMatch(/^Add it to pawl\.config\.json: /);
    const installed = hint(agentsOf([], {}, [], ['claude', 'codex']));
    expect(installed).toBe(
      'Name one with --agent (claude, codex), or add it to pawl.config.json: {"agents": {"claude": {"kind": "claude"}}}',
    );
  });

  it('of which several could have a role are told to be given it: another one in the config would leave it open', () => {
    const roles = { implementer: 'a' };
    const [found] = shownIn(
      packetOf({ verification: { expectations: ['x'] } }),
      placeOf({ agents: agentsOf(['a', 'claude', 'old'], roles, ['a', 'old'], ['claude', 'codex']) }),
    ).filter(({ code }) => code === 'PAWL_AGENT_MISSING');
    const hint =
      'Name one with --agent (claude, codex), or give the roles one in pawl.config.json: {"roles": {"fixer": "claude", "reviewer": "claude", "verifier": "claude"}}';
    expect(found).toMatchObject({ hint, evidence: ['fixer', 'claude', 'codex'] });
  });
});

describe('the target', () => {
  const elsewhere = { origin: 'git@github.com:acme/other.git', defaultBranches: ['main'] };

  it('is refused where origin is another repository, unless the config allows it by name', () => {
    expect(preflight(packetOf(), placeOf({ repository: elsewhere })).blockers).toEqual([
      expect.objectContaining({ code: 'PAWL_REPOSITORY_MISMATCH', evidence: ['acme/widgets', 'acme/other'] }),
    ]);
    const allowing = (repo: string) => placeOf({ repository: elsewhere, config: { scm: { allowRepos: [repo] } } });
    expect(codesIn(packetOf(), allowing('Acme/Widgets'))).toEqual([]);
    expect(codesIn(packetOf(), allowing('acme/third'))).toEqual(['PAWL_REPOSITORY_MISMATCH']);
  });

  it('is taken where origin is the same repository, a path on this machine, or nothing', () => {
    for (const origin of ['https://github.com/ACME/widgets', '/srv/git/other.git', null]) {
      expect(codesIn(packetOf(), placeOf({ repository: { origin, defaultBranches: [] } }))).toEqual([]);
    }
  });

  it('is refused on another host, which is then named, and nothing else of the address', () => {
    const repository = { origin: 'https://ann:secret@github.com/acme/widgets.git', defaultBranches: ['main'] };
    const scm = { repo: 'gitlab.com/acme/widgets', issue_number: 1, intended_branch: 'work/a' };
    const [found] = shownIn(packetOf({ scm_target: scm }), placeOf({ repository }));
    expect(found?.message).toMatch(
      /for the repository gitlab\.com\/acme\/widgets, .* is github\.com\/acme\/widgets\.$/,
    );
    expect(JSON.stringify(found)).not.toContain('secret');
    const allowed = placeOf({ repository, config: { scm: { allowRepos: ['gitlab.com/acme/widgets'] } } });
    expect(codesIn(packetOf({ scm_target: scm }), allowed)).toEqual([]);
  });

  it('is refused on the default branch, letter case aside', () => {
    const scm = { repo: 'acme/widgets', issue_number: 1, intended_branch: 'Trunk' };
    const place = placeOf({ repository: { origin: null, defaultBranches: ['trunk'] } });
    expect(codesIn(packetOf({ scm_target: scm }), place)).toEqual(['PAWL_WORKSPACE_BRANCH_PROTECTED']);
  });
});

it('what to do names its subject: it holds nothing that could be taken for a command', () => {
  const packet = packetOf({ agent: 'claude', verification: { commands: ['make all', 'a | b'] } });
  const repository = { origin: 'git@github.com:acme/other.git', defaultBranches: ['work/task-1'] };
  const found = preflight(packet, placeOf({ repository, config: { workspace: { setup: ['a && b'] } } })).blockers;
  expect(found.map(({ code }) => code)).toEqual([
    'PAWL_REPOSITORY_MISMATCH',
    'PAWL_AGENT_MISSING',
    'PAWL_SETUP_NOT_ALLOWED',
    'PAWL_VERIFICATION_NOT_ALLOWED',
  ]);
  for (const each of found) expect(shownBlocker(each).hint).not.toBe(hintOf(each.code));
});

it('what is reported fits into an event, however long the packet and the config are', () => {
  const long = 'x'.repeat(990);
  const packet = packetOf({
    task_id: long,
    agent: long,
    scm_target: { repo: `${long}/a`, issue_number: 1, intended_branch: 'a' },
    verification: { commands: Array.from({ length: 300 }, (_, n) => `${n} ${'y'.repeat(800)}`) },
  });
  const origin = `https://github.com/${'z'.repeat(9_000)}/b`;
  const { blockers } = preflight(packet, placeOf({ repository: { origin, defaultBranches: [] } }));
  expect(blockers).toHaveLength(3);
  for (const blocker of blockers) expect(blockerSchema.safeParse(blocker).error).toBeUndefined();
});

describe('what is reported, word for word', () => {
  const only = (packet: Packet, place: PreflightPlace): ShownBlocker => {
    const blockers = shownIn(packet, place);
    expect(blockers).toHaveLength(1);
    return blockers[0] ?? expect.fail();
  };

  it('of another repository', () => {
    const repository = { origin: 'git@github.com:acme/other.git', defaultBranches: ['main'] };
    expect(only(packetOf(), placeOf({ repository }))).toEqual({
      code: 'PAWL_REPOSITORY_MISMATCH',
      message: 'The packet TASK-1 is for the repository acme/widgets, but the origin of this one is acme/other.',
      hint: 'Use the clone of acme/widgets, or correct scm_target.repo. If this clone is the right one, such as a fork, add {"scm": {"allowRepos": ["acme/widgets"]}} to pawl.config.json.',
      evidence: ['acme/widgets', 'acme/other'],
    });
  });

  it('of the default branch', () => {
    const repository = { origin: null, defaultBranches: ['main', 'work/task-1'] };
    expect(only(packetOf(), placeOf({ repository }))).toEqual({
      code: 'PAWL_WORKSPACE_BRANCH_PROTECTED',
      message: 'The packet TASK-1 would work directly on work/task-1, the default branch of the repository.',
      hint: 'Give the packet a branch of its own (scm_target.intended_branch).',
      evidence: ['work/task-1'],
    });
  });

  const ADMIT =
    'Add it to verification.allow in pawl.config.json (matched word by word; a final "*" matches any further words).';
  const notAdmitted = 'is not allowed by verification.allow in the config';
  const piped = 'cannot be run without a shell: it contains a pipe ("|")';
  const CODES = { setup: 'PAWL_SETUP_NOT_ALLOWED', verification: 'PAWL_VERIFICATION_NOT_ALLOWED' } as const;
  const told = (name: 'setup' | 'verification', commands: readonly string[]) => {
    const found = commandBlocker(CODES[name], commands, ['npm test']);
    return found === null ? null : shownBlocker(found);
  };

  it('of commands that are not admitted', () => {
    expect(told('setup', ['npm test'])).toBeNull();
    expect(told('setup', [])).toBeNull();
    expect(told('setup', ['npm test', 'make'])).toEqual({
      code: CODES.setup,
      message: `The setup command "make" ${notAdmitted}.`,
      hint: ADMIT,
      evidence: ['make'],
    });
    expect(told('verification', ['make', 'npm test', 'a | b', 'c'])).toEqual({
      code: CODES.verification,
      message: `The verification command "make" ${notAdmitted} (and 2 more).`,
      hint: ADMIT,
      evidence: ['make', 'a | b', 'c'],
    });
  });

  it.each([
    ['setup', 'workspace.setup of pawl.config.json'],
    ['verification', 'the packet'],
  ] as const)('of commands that all need a shell: %s', (name, where) => {
    expect(told(name, ['a | b', 'c | d'])).toEqual({
      code: CODES[name],
      message: `The ${name} command "a | b" ${piped} (and 1 more).`,
      hint: `Put what needs a shell into a script of the repository, and name that in ${where}.`,
      evidence: ['a | b', 'c | d'],
    });
  });

  it('of many long commands: 20 of them, with 300 characters each', () => {
    const commands = Array.from({ length: 21 }, (_, n) => `${String(n).padStart(2, '0')}${'x'.repeat(300)}`);
    const evidence = commands.slice(0, 20).map((text) => text.slice(0, 300));
    expect(told('setup', commands)).toEqual({
      code: 'PAWL_SETUP_NOT_ALLOWED',
      message: `The setup command "${evidence[0]}" ${notAdmitted} (and 20 more).`,
      hint: ADMIT,
      evidence,
    });
  });

  it('is cut where a name is longer than 1500 characters', () => {
    const told = (length: number) => {
      const origin = `https://github.com/${'z'.repeat(length - 2)}/b`;
      return only(packetOf(), placeOf({ repository: { origin, defaultBranches: [] } })).evidence[1];
    };
    expect(told(1_500)).toBe(`${'z'.repeat(1_498)}/b`);
    expect(told(1_501)).toBe(`${'z'.repeat(1_499)}/…`);
  });
});

describe('the target blocker', () => {
  const config = { scm: { ...placeOf().config.scm, allowRepos: [] } };

  it('is none without a repository or a branch of the packet, whatever is found here', () => {
    const { scm, ...rest } = packetOf();
    const here = { origin: 'git@github.com:acme/other.git', defaultBranches: ['main'] };
    expect(targetBlocker({ ...rest, scm: { ...scm, repo: null } }, config, here)).toBeNull();
    const open = { ...rest, scm: { ...scm, repo: null, intendedBranch: null } };
    expect(targetBlocker(open, config, here)).toBeNull();
    expect(targetBlocker({ ...rest, scm }, config, { origin: null, defaultBranches: [] })).toBeNull();
    expect(targetBlocker({ ...rest, scm }, config, here)?.code).toBe('PAWL_REPOSITORY_MISMATCH');
  });

  it('of an allowed repository is still that of its branch', () => {
    const here = { origin: 'git@github.com:acme/other.git', defaultBranches: ['work/task-1'] };
    const allowing = { scm: { ...config.scm, allowRepos: ['acme/third', 'acme/widgets'] } };
    expect(targetBlocker(packetOf(), allowing, here)?.code).toBe('PAWL_WORKSPACE_BRANCH_PROTECTED');
  });
});

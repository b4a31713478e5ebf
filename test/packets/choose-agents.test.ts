/** Which agent plays which part, where neither command line nor packet names one. */
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import { shownBlocker } from '../../src/blockers/shown-blocker.ts';
import type { ShownBlocker } from '../../src/model/error.ts';
import { blockerSchema } from '../../src/model/event.ts';
import type { Packet } from '../../src/model/packet.ts';
import { type AgentsToChoose, chooseAgents } from '../../src/packets/choose-agents.ts';
import { readPackets } from '../../src/packets/packets.ts';
import { type Given, goodPacket } from './good-packet.ts';

function packetOf(change: Given = {}): Packet {
  const packet = readPackets(JSON.stringify([{ ...goodPacket(), ...change }]), sha256).readings[0]?.packet;
  if (packet === undefined) throw new Error('no packet');
  return packet;
}

function agentsOf(
  names: readonly string[],
  roles: Record<string, string>,
  installed: readonly string[],
  ofEnvironment: string | null = null,
): AgentsToChoose {
  return {
    has: (name) => names.includes(name) || installed.includes(name),
    names: () => names,
    forRole: (role) => roles[role] ?? null,
    ofEnvironment: () => ofEnvironment,
    installation: () => null,
    installed: () => installed,
    problem: () => null,
  };
}

function shownFor(agents: AgentsToChoose): readonly ShownBlocker[] {
  return chooseAgents(packetOf(), agents, null).blockers.map(shownBlocker);
}

describe('agents that nobody names', () => {
  const all = (name: string) => ({ implementer: name, fixer: name, reviewer: name });
  const chosen = (agents: AgentsToChoose) => chooseAgents(packetOf(), agents, null).agents;

  it('are what PAWL_AGENT names, where the config does not decide: a name of it, or an installed kind', () => {
    expect(chosen(agentsOf(['a', 'b'], {}, ['claude'], 'b'))).toEqual(all('b'));
    expect(chosen(agentsOf(['a', 'b'], {}, ['claude'], 'claude'))).toEqual(all('claude'));
    expect(chosen(agentsOf([], {}, ['claude', 'codex'], 'codex'))).toEqual(all('codex'));
    const partly = agentsOf(['a', 'b'], { implementer: 'a' }, [], 'b');
    expect(chosen(partly)).toEqual({ implementer: 'a', fixer: 'b', reviewer: 'b' });
    expect(chosen(agentsOf(['only'], {}, ['claude'], 'claude'))).toEqual(all('only'));
    const ofPacket = packetOf({ agent: 'a' });
    expect(chooseAgents(ofPacket, partly, null).agents).toEqual(all('a'));
  });

  it('are the only one installed, where the config names none; of several nothing chooses', () => {
    expect(chosen(agentsOf([], {}, ['claude']))).toEqual(all('claude'));
    expect(chosen(agentsOf(['a', 'b'], {}, ['claude']))).toEqual({});
    const [found, ...others] = shownFor(agentsOf([], {}, ['claude', 'codex']));
    expect(found?.hint).toMatch(/^Name one with --agent \(claude, codex\), or /);
    expect(others).toEqual([]);
  });

  it.each([
    ['nobody', 'Name another one with --agent \\(claude\\), or add it to pawl.config.json: \\{"agents"'],
    ['no name', 'Name another one with --agent \\(claude\\), or correct it: it must be a name: letters'],
  ])('are missing where PAWL_AGENT is "%s": once, with the variable, and nothing else is chosen', (name, hint) => {
    const agents = agentsOf([], {}, ['claude'], name);
    const [found, ...others] = shownFor(agents);
    expect(others).toEqual([]);
    expect(chooseAgents(packetOf(), agents, null).agents).toEqual({});
    expect(found).toEqual({
      code: 'PAWL_AGENT_MISSING',
      message: `The agent "${name}", needed as implementer by PAWL_AGENT, is not configured.`,
      hint: expect.stringMatching(new RegExp(`^${hint}`)),
      evidence: ['implementer', 'PAWL_AGENT', 'claude'],
    });
    for (const each of chooseAgents(packetOf(), agents, null).blockers)
      expect(blockerSchema.safeParse(each).error).toBeUndefined();
  });
});

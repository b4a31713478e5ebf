/** What docs/agents.md says in tables of every kind of agent is what its adapter does; of settings and limits, what the schemas say. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ACP_PRESETS, presetOfArguments } from '../../src/adapters/agents/acp-presets.ts';
import { adapterOf } from '../../src/adapters/agents/adapters.ts';
import { instructionFilesOf } from '../../src/adapters/agents/instruction-files.ts';
import { acpAgentSchema, nativeAgentSchema } from '../../src/model/agent-config.ts';
import { DEFAULT_LIMITS, PARALLEL_RUNS_MAX } from '../../src/model/limits.ts';
import { AGENT_KINDS } from '../../src/model/turn.ts';
import { startOf } from '../agents/streams/starts.ts';

const page = readFileSync(new URL('../../docs/agents.md', import.meta.url), 'utf8');

/** The cells of the rows of a section whose first cell is a word in back quotes, by that word. */
function rowsUnder(heading: string): ReadonlyMap<string, readonly string[]> {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = Array.from(section.matchAll(/^\| `(\w+)` \|(.*)\|$/gm), ([, word = '', rest = '']) => ({
    word,
    cells: rest.split(' | ').map((cell) => cell.trim()),
  }));
  return new Map(rows.map(({ word, cells }) => [word, cells]));
}

const quoted = (cell: string): readonly string[] => Array.from(cell.matchAll(/`([^`]+)`/g), ([, word = '']) => word);
const yesOrNo = (is: boolean): string => (is ? 'yes' : 'no');

describe('docs/agents.md', () => {
  test('tells of every kind of coding agent, and no other, what its adapter says that it can do', () => {
    const rows = rowsUnder('Coding agents');
    expect([...rows.keys()]).toEqual([...AGENT_KINDS]);
    for (const kind of AGENT_KINDS) {
      const { program, capabilities } = adapterOf(kind);
      expect(rows.get(kind), kind).toEqual([
        kind === 'acp' ? '`argv`' : `\`${program}\``,
        capabilities.session,
        yesOrNo(capabilities.canResume),
        yesOrNo(capabilities.hasStructuredOutput),
        capabilities.answer,
        yesOrNo(capabilities.hasMcp),
        capabilities.usage,
        yesOrNo(capabilities.hasAllowedTools),
        yesOrNo(capabilities.hasTurnLimit),
      ]);
    }
  });

  test('names the modes that each kind is started with', () => {
    const rows = rowsUnder('What an agent may do');
    expect([...rows.keys()]).toEqual([...AGENT_KINDS]);
    for (const kind of AGENT_KINDS) {
      for (const [index, permission] of (['edit', 'read', 'bypass'] as const).entries()) {
        const { args, env } = adapterOf(kind).command(startOf({ permission }));
        const given = [...args, ...Object.values(env)].join('\n');
        const named = quoted(rows.get(kind)?.[index] ?? '');
        for (const word of named) expect(given, `${kind} ${permission}`).toContain(word);
        if (kind !== 'opencode' || permission !== 'read')
          expect(named.length, `${kind} ${permission}`).toBeGreaterThan(0);
      }
    }
  });

  test('names the instruction files of each kind, and of agents that Pawl does not know', () => {
    const rows = rowsUnder('Instruction files');
    expect([...rows.keys(), 'acp'].toSorted()).toEqual([...AGENT_KINDS].toSorted());
    for (const [kind, cells] of rows) {
      const native = AGENT_KINDS.find((each) => each === kind);
      expect(quoted(cells[0] ?? ''), kind).toEqual(instructionFilesOf(native ?? 'acp'));
    }
    const section = page.split('\n## Instruction files\n')[1]?.split('\n## ')[0] ?? '';
    for (const pattern of instructionFilesOf('acp')) expect(section).toContain(`\`${pattern}\``);
  });

  test('names every ACP agent that is known, how it is started, and the modes that it is put into', () => {
    const section = page.split('\n## Agents that speak ACP\n')[1]?.split('\n### ')[0] ?? '';
    const rows = Array.from(section.matchAll(/^\| ([A-Z][^|]*)\|(.*)\|$/gm), ([, agent = '', rest = '']) => ({
      agent,
      cells: rest.split(' | ').map((cell) => cell.trim()),
    }));
    for (const { title, edit, read } of ACP_PRESETS) {
      const { cells = [] } = rows.find(({ agent }) => agent.startsWith(title)) ?? {};
      const [argv = '', , implementing = '', reviewing = ''] = cells;
      expect(presetOfArguments(JSON.parse(quoted(argv)[0] ?? '[]'))?.title, title).toBe(title);
      const short = (mode: string | undefined) => mode?.replace(/^https:.*#/, '…#') ?? '';
      expect(quoted(implementing), title).toContain(short(edit[0]));
      if (reviewing === 'as when implementing') expect(read).toEqual(edit);
      else expect(quoted(reviewing), title).toContain(short(read[0]));
    }
    expect(rows.filter(({ agent }) => !ACP_PRESETS.some(({ title }) => agent.startsWith(title)))).toEqual([]);
  });

  test('names the variables that each kind is given', () => {
    const rows = rowsUnder('Environment');
    for (const kind of AGENT_KINDS) expect(quoted(rows.get(kind)?.[0] ?? ''), kind).toEqual(adapterOf(kind).envNames);
  });

  test('explains every setting of a coding agent, and no other, with its default', () => {
    const rows = rowsUnder('Settings of a coding agent');
    const known = new Set([...Object.keys(nativeAgentSchema.shape), ...Object.keys(acpAgentSchema.shape)]);
    expect([...rows.keys(), 'kind'].toSorted()).toEqual([...known].toSorted());
    for (const [name, value] of Object.entries(nativeAgentSchema.parse({ kind: 'claude' }))) {
      const shown = typeof value === 'string' ? value : JSON.stringify(value);
      if (name !== 'kind') expect(rows.get(name)?.[0], name).toBe(`\`${shown}\``);
    }
  });

  test('names every limit, and no other, with its default', () => {
    const rows = rowsUnder('Limits');
    const defaults = {
      ...DEFAULT_LIMITS,
      deadlineMs: DEFAULT_LIMITS.deadlineMs.fix,
      parallelRunsMax: PARALLEL_RUNS_MAX,
    };
    expect([...rows.keys()].toSorted()).toEqual(Object.keys(defaults).toSorted());
    for (const [name, value] of Object.entries(defaults)) {
      expect(rows.get(name)?.[0]?.split(' (')[0], name).toBe(value === null ? 'not bounded' : String(value));
    }
  });

  test('shows command lines of ACP agents that a config may hold', () => {
    const section = page.split('\n## Agents that speak ACP\n')[1]?.split('\n## ')[0] ?? '';
    const shown = Array.from(section.matchAll(/^\| [^|]+ \| `(\[[^`]*\])` \|/gm), ([, argv = '']) => argv);
    expect(shown.length).toBeGreaterThan(0);
    for (const argv of shown) {
      expect(acpAgentSchema.safeParse({ kind: 'acp', argv: JSON.parse(argv) }).success, argv).toBe(true);
    }
  });
});

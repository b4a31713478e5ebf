/**
 * The tables and lists at the end of a handoff's page: denied actions, agents and their cost, attempts, the record itself.
 *
 * Owns: their words. Does not own: the facts (run/handoff/roles, run/attempts), the page around them (run/handoff/page).
 *
 * Invariant: the page shows every member of a turn's report, including members that are added later.
 */
import { isObject, type Json } from '../../base/canonical-json.ts';
import type { Spent } from '../../turn/ledger.ts';
import { spentWords, turnNotes } from '../../turn/turn-words.ts';
import type { AttemptRow } from '../attempts.ts';
import type { HandoffDocument } from './document.ts';
import { markdownLine as line, markdownName as name } from './markdown-text.ts';
import type { DeniedAction, RoleAgent, RoleCost } from './roles.ts';

/** What was denied, and which of it the config expects. */
export function deniedLines(denials: readonly DeniedAction[]): readonly string[] {
  if (denials.length === 0) return [];
  const unexpected = denials.filter(({ isExpected }) => !isExpected).length;
  return [
    `## Denied actions (${denials.length}, of which ${unexpected} not expected)`,
    '',
    ...denials.map(({ taskId, role, tool, what, reason, isExpected }) => {
      const about = what === null ? '' : ` ${name(what)}`;
      const who = role === null ? taskId : `${role}, ${taskId}`;
      return `- ${isExpected ? 'expected' : 'not expected'}: ${name(tool)}${about} (${who})${reason === '' ? '' : `: ${line(reason)}`}`;
    }),
    '',
  ];
}

/** Who played which part, in which version, and what it used. */
export function roleLines(roles: readonly RoleCost[], spent: Spent): readonly string[] {
  if (roles.length === 0) return [];
  const words = spentWords(spent);
  return [
    '## Agents and cost',
    '',
    '| role | agent | attempts | turns | tokens | USD | of that estimated |',
    '|---|---|---|---|---|---|---|',
    ...roles.map(
      ({ role, agents, attempts, turns, tokens, usd, estimated }) =>
        `| ${role} | ${agents.map(agentWords).join('; ')} | ${attempts} | ${turns} | ${tokens ?? 'not reported'} | ${usd === null ? 'not reported' : money(usd)} | ${estimated.tokens} tokens, ${money(estimated.usd)} |`,
    ),
    '',
    ...(words === null ? [] : [`Used in all: ${words}.`, '']),
  ];
}

function agentWords({ agent, kind, cliVersion, model }: RoleAgent): string {
  if (kind === null) return `${line(agent)} (version not reported)`;
  const version = `${kind} ${cliVersion ?? 'of unknown version'}, ${model === null ? 'its own model' : `model ${model}`}`;
  return line(`${agent} (${version})`);
}

/** US dollars, exact to the millionth where a shorter figure would hide something. */
function money(usd: number): string {
  const short = usd.toFixed(4);
  return `$${Number(short) === usd ? short : usd.toFixed(6)}`;
}

/** Every task that was requested, and what the turns of coding agents reported. */
export function attemptLines(attempts: readonly AttemptRow[]): readonly string[] {
  const turns = attempts.filter(({ turn }) => turn !== null);
  return [
    '## Attempts',
    '',
    '| task | agent | result | time | notes |',
    '|---|---|---|---|---|',
    ...attempts.map(
      (row) =>
        `| ${row.taskId} | ${line(row.agent)} | ${row.result}${row.code === null ? '' : ` (${row.code})`} | ${row.durationMs === null ? '' : `${(row.durationMs / 1000).toFixed(3)} s`} | ${line(notesOf(row).join('; '))} |`,
    ),
    '',
    ...(turns.length === 0 ? [] : ['What each turn reported:', '']),
    ...turns.map(({ taskId, turn }) => `- ${taskId}: ${line(membersOf({ ...turn, denials: null }))}`),
    ...(turns.length === 0 ? [] : ['']),
  ];
}

function notesOf({ turn, rescueRef }: AttemptRow): readonly string[] {
  const kept = rescueRef === null ? [] : [`the previous contents of the worktree are kept as ${rescueRef}`];
  return turn === null ? kept : [...kept, ...turnNotes(turn)];
}

/** The members of a value, each by its path, without empty ones. */
function membersOf(value: object): string {
  return entriesOf(JSON.parse(JSON.stringify(value)) as Json, '')
    .map(([path, text]) => `${path} ${text}`)
    .join(', ');
}

function entriesOf(value: Json, path: string): readonly (readonly [path: string, text: string])[] {
  if (value === null || value === '') return [];
  if (!isObject(value)) return [[path, String(value)]];
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return members.flatMap(([key, member]) => entriesOf(member as Json, path === '' ? key : `${path}.${key}`));
}

/** Where all of this is recorded. */
export function recordLines({ policy, journal }: HandoffDocument): readonly string[] {
  return [
    '## Record',
    '',
    `- Journal: ${journal.records} records up to here, the last with the sum \`${journal.sum}\``,
    `- Limits: ${line(membersOf(policy))}`,
    '',
  ];
}

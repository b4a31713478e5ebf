/**
 * An issue as `gh issue view --json number,title,body,url,…` prints it, read as the draft of a packet.
 *
 * Owns: which of its fields say what (pure). Does not own: its body's Markdown (packets/packet-markdown).
 *
 * Invariant: it is a snapshot: what the issue says later changes nothing of the packet.
 */
import { isObject } from '../base/canonical-json.ts';
import { readJson } from '../base/json-text.ts';
import { legible } from '../base/sanitise.ts';
import { PawlError } from '../model/error.ts';
import { branchOf, overlaid, type PacketDraft } from './packet-draft.ts';
import { draftOfMarkdown } from './packet-markdown.ts';

/** The draft that the issue comes to. Throws PAWL_USAGE for a text that is no issue, and for several. */
export function draftOfIssue(text: string, isCommand: (text: string) => boolean): PacketDraft {
  const issue = issueIn(text);
  const number = Number.isSafeInteger(issue.number) && Number(issue.number) > 0 ? String(issue.number) : null;
  const title = typeof issue.title === 'string' ? legible(issue.title).replace(/\s+/g, ' ').trim() : '';
  if (number === null || title === '') throw noIssue('it has no number or no title');
  const body = draftOfMarkdown(typeof issue.body === 'string' ? issue.body : '', isCommand);
  const taskId = `GH-${number}`;
  const goal = body.goal === null ? title : `${title}\n\n${body.goal}`;
  // The repository and the number are the tracker's word; the rest of the body may say more.
  return {
    ...overlaid({ ...body, taskId, branch: branchOf(taskId) }, { branch: body.branch, taskId: body.taskId }),
    goal,
    issue: number,
    repo: repoIn(issue.url) ?? body.repo,
  };
}

function issueIn(text: string): Record<string, unknown> {
  const value = parsed(text);
  if (Array.isArray(value)) throw noIssue('it is a list; one issue makes one packet');
  if (!isObject(value)) throw noIssue('it is not a JSON object');
  return value;
}

function parsed(text: string): unknown {
  const reading = readJson(text);
  if (reading.kind === 'wrong') throw noIssue(reading.problem, reading.cause);
  return reading.value;
}

function repoIn(url: unknown): string | null {
  if (typeof url !== 'string') return null;
  return /^https?:\/\/[^/]+\/([\w.-]+\/[\w.-]+)\/(?:issues|pull)\/\d+/.exec(url)?.[1] ?? null;
}

function noIssue(why: string, cause?: unknown): PawlError {
  return new PawlError({
    code: 'PAWL_USAGE',
    message: `This is not an issue as gh prints it: ${why}.`,
    subject: '--from-issue',
    hint: 'gh issue view 12 --json number,title,body,url > issue.json',
    cause,
  });
}

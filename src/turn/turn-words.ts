/**
 * The noteworthy facts of a turn, in words: for status, reports and handoffs alike.
 *
 * Owns: those sentences. Does not own: the facts (turn/turn-report), where they are shown.
 */
import type { TurnReport } from '../model/turn.ts';
import { denialName } from './denial-words.ts';
import type { Spent } from './ledger.ts';

/** The facts of a turn that an operator would want to know, each a clause; none when there is nothing unusual. */
export function turnNotes(turn: TurnReport): readonly string[] {
  const { session, askedSession, sessionMismatch, limited, usage, lines, unasked = [] } = turn;
  const unread = lines.malformed + lines.overlong;
  const denied = turn.denials.map((denial) => `${denialName(denial)}${denial.isExpected ? ' (expected)' : ''}`);
  return [
    turn.bypassesPermissions ? 'ran without any permission check, as configured' : '',
    turn.isResume && !turn.isSessionRefused ? `resumed session ${session ?? askedSession}` : '',
    turn.isSessionRefused ? `session ${askedSession} was refused` : '',
    sessionMismatch === null ? '' : `sessionMismatch: asked for ${sessionMismatch.asked}, got ${sessionMismatch.got}`,
    denied.length === 0 ? '' : `denied: ${denied.join(', ')}`,
    unasked.length === 0 ? '' : `did without asking: ${unasked.map(({ tool }) => tool).join(', ')}`,
    limited === null
      ? ''
      : `limited (${limited.kind})${limited.resetsAtMs === null ? '' : ` until ${new Date(limited.resetsAtMs).toISOString()}`}`,
    usage === null ? '' : estimateNote(usage),
    unread === 0 ? '' : `${unread} of ${lines.all} lines of output could not be read`,
  ].filter((note) => note !== '');
}

function estimateNote({ scope, estimated, usd }: NonNullable<TurnReport['usage']>): string {
  const cut = 'was cut off before it reported its usage:';
  if (estimated === undefined) return scope === 'estimate' ? `${cut} an estimate is charged` : '';
  const money = usd === null || estimated.usd === null ? '' : `$${estimated.usd.toFixed(4)} and `;
  const price = estimated.assumedUsdPerMillion === undefined ? '' : ', at an assumed price';
  return `${cut} ${money}${estimated.tokens} tokens of its charge are estimated${price}`;
}

/** Which agent it was: its name, version and model. */
export function turnAgent({ agent, cliVersion, model }: TurnReport): string {
  return [agent, cliVersion, model].filter((part) => part !== null).join(' ');
}

/** What was used, null when nothing is known to have been. */
export function spentWords({ tokens, usd, isEstimate, estimated }: Spent): string | null {
  if (tokens === 0 && usd === 0) return null;
  const figures = (part: { readonly tokens: number; readonly usd: number }): string =>
    `${part.usd === 0 ? '' : `$${part.usd.toFixed(4)}, `}${part.tokens} tokens`;
  if (!isEstimate) return figures({ tokens, usd });
  return `${figures({ tokens, usd })} (${estimated === undefined ? 'partly' : `${figures(estimated)} of it`} estimated)`;
}

/**
 * What stands behind an error that an agent's service sent, told by its HTTP status and its words.
 *
 * Owns: the table of words, and that order of looking. Does not own: finding the words in an agent's output (a file for each kind of agent), what follows
 * (turn/turn-conclusion).
 *
 * Invariants: 1. Words of the account come before any status: the same status stands for an empty account with one provider and for too many requests with
 * another. 2. A number counts as a status only where the words say that it is one. 3. What no row knows is no trouble of the service: it is the agent's own failure.
 */
import type { LimitKind } from '../../model/agent-event.ts';

/** `login`: nobody is logged in, or the key is refused. `account`: it is served nothing more before a person has seen to it. The rest passes by itself. */
export type Trouble = 'login' | 'account' | LimitKind;

/** Rows are looked at from the first to the last; examples of each lie with the recorded streams of the agents (test/agents/streams/data). */
const BEFORE_STATUS: readonly (readonly [Trouble, RegExp])[] = [
  // Some tell that it is not the window, and Google says of a quota that is counted in seconds what others say of an empty account.
  ['rate', /temporarily limiting requests|retry in \d+(?:\.\d+)?s|"retryDelay"|per.?(?:minute|second)/i],
  [
    'account',
    /credit balance|insufficient[ _](?:account )?(?:balance|credits?|funds|quota)|out of credits|billing|payment required|requires more credits|have no quota|premium request (?:allowance|limit)|arrearage|good standing|account (?:is |has been )?(?:disabled|suspended|deactivated|on hold)|organization has been disabled|spend(?:ing)? limit|monthly (?:usage )?limit|specified (?:API )?usage limits?|limit is set to \$0/i,
  ],
  [
    'usage',
    /hit your [\w ]*limit|usage limit|out of extra usage|(?:daily|hourly|weekly) quota|per.?day|(?:quota|limit) will reset/i,
  ],
  ['account', /quota[ _]exceeded|exceeded your (?:current |monthly )?quota/i],
];

const AFTER_STATUS: readonly (readonly [Trouble, RegExp])[] = [
  ['capacity', /overloaded|at capacity|(?:no|insufficient) capacity|exhausted your capacity|high demand/i],
  [
    'login',
    /unauthori[sz]ed|failed to authenticate|not (?:logged|signed) in|no authentication|authentication (?:failed|required)|\/login\b|please (?:log|sign) ?in|(?:invalid|incorrect) (?:api )?key|api key not valid|missing environment variable|token (?:has )?(?:been revoked|expired)|could not be refreshed/i,
  ],
  ['rate', /too many requests|rate.?limit|resource.?(?:has been )?exhausted/i],
  [
    'connection',
    /connection (?:error|refused|reset|closed|timed out|terminated|failed)|(?:unable|failed) to connect|could ?n[o']t connect|cannot connect|connect(?:ion)? timeout|fetch failed|error sending request|stream (?:disconnected|closed|ended) (?:before|unexpectedly)|socket (?:hang up|connection was closed)|network (?:error|is unreachable|connection)|request timed out|timed out waiting|timeout waiting|dns error|getaddrinfo|\b(?:ECONNREFUSED|ECONNRESET|ENOTFOUND|ETIMEDOUT|EAI_AGAIN|EPIPE|ENETUNREACH|EHOSTUNREACH|UND_ERR_\w+)\b|service (?:is )?(?:temporarily )?unavailable|bad gateway|gateway time-?out|internal (?:server )?error|server error|incomplete (?:response|message)|\bUNAVAILABLE\b/i,
  ],
];

/** A number of three digits that the words call a status, or that stands where only one does. */
const STATUS =
  /(?:\bstatus(?: code)?:? ?|\bHTTP(?:\/[\d.]+)?:? ?|\bAPI Error:? \(?|\berror code:? ?|"(?:code|status|statusCode)": ?|\brejected \(|\berror: |^)([45]\d\d)\b(?!\w)|\b([45]\d\d) (?:Unauthorized|Forbidden|Payment Required|Too Many Requests|Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time-?out)/i;

/** What stands behind the error; null: the agent's own failure, or the request's. `status`: as the agent tells it, null where it tells none. */
export function troubleIn(status: number | null, words: string): Trouble | null {
  const told = status ?? statusIn(words);
  return (
    wordOf(BEFORE_STATUS, words) ?? troubleOfStatus(told, words) ?? (told === 400 ? null : wordOf(AFTER_STATUS, words))
  );
}

function troubleOfStatus(status: number | null, words: string): Trouble | null {
  if (status === null) return null;
  if (status === 401 || status === 403) return 'login';
  if (status === 402) return 'account';
  if (status === 429) return wordOf(AFTER_STATUS, words) === 'capacity' ? 'capacity' : 'rate';
  if (status === 529) return 'capacity';
  if (status !== 408 && status < 500) return null;
  return wordOf(AFTER_STATUS, words) === 'capacity' ? 'capacity' : 'connection';
}

function statusIn(words: string): number | null {
  const [, first, second] = STATUS.exec(words) ?? [];
  const found = first ?? second;
  return found === undefined ? null : Number(found);
}

function wordOf(table: readonly (readonly [Trouble, RegExp])[], words: string): Trouble | null {
  return table.find(([, pattern]) => pattern.test(words))?.[0] ?? null;
}

/**
 * Facts of every blocker, one set for each of its wordings.
 *
 * Owns: the samples, total over the codes. Does not own: their words (blockers/catalogue).
 */
import type { BlockerCode, BlockerParams, CauseOf } from '../../src/model/blocker.ts';
import { BLOCKER_SHAPES } from '../../src/model/blocker-shapes.ts';
import type { Blocker } from '../../src/model/error.ts';
import { blockerSchema } from '../../src/model/event.ts';

type Samples = { readonly [Code in BlockerCode]: readonly [BlockerParams[Code], ...BlockerParams[Code][]] };

const PATHS = { names: ['src/a.js', 'src/b.js'], count: 9 } as const;
const USABLE = { names: ['claude', 'codex'], count: 2 } as const;
const NOBODY = { names: [], count: 0 } as const;
const SAID = 'It is odd.';
const ENDED = [
  { obstacle: null, answered: null },
  { obstacle: { kind: 'said', words: 'the disk is full' }, answered: 'completed' },
  { obstacle: { kind: 'silent', ms: 60_000, hasSigns: true }, answered: null },
  { obstacle: { kind: 'silent', ms: 60_000, hasSigns: false }, answered: null },
  {
    obstacle: { kind: 'used', spent: { usd: 1, tokens: 5 }, budget: { usd: 1, tokens: null } },
    answered: 'failed',
  },
] as const;
const COMMAND = { command: 'make all', needsShell: null, others: 2, areAllForShell: false } as const;
const PIPED = { command: 'a | b', needsShell: 'it contains a pipe ("|")', others: 0, areAllForShell: true } as const;
const PROGRAM = { path: '/bin/agent', title: 'Agent', installation: 'npm i agent', said: 'no' } as const;
const CODING = { name: 'coder', title: 'Agent' } as const;
const JUDGED = { gate: 'review', round: 2, said: SAID, overruled: null } as const;
const JUDGEMENTS = [
  JUDGED,
  { ...JUDGED, gate: 'verification', overruled: { how: 'offBranch' } },
  { ...JUDGED, overruled: { how: 'moved', from: 'c1', to: 'c2' } },
  { ...JUDGED, overruled: { how: 'otherTree', made: null, expected: 't' } },
  { ...JUDGED, overruled: { how: 'changedFiles', judge: 'critic', files: ['a.js'], isCut: true } },
  { ...JUDGED, overruled: { how: 'changedFiles', judge: null, files: ['a.js'], isCut: false } },
] as const;
const GIT = { reason: 'git', command: 'commit-tree x', place: '/w' } as const;
const USED = { usd: 1.5, tokens: 300 } as const;

/** Of every code, facts for each of its wordings. */
export const SAMPLES: Samples = {
  PAWL_PACKET_INSUFFICIENT: [{ missing: ['scope.goal', 'approval.by'] }, { missing: ['packet_object'] }],
  PAWL_REPOSITORY_MISMATCH: [{ taskId: 'T-1', repo: 'acme/a', here: 'acme/b' }],
  PAWL_SETUP_NOT_ALLOWED: [COMMAND, PIPED],
  PAWL_VERIFICATION_NOT_ALLOWED: [COMMAND, PIPED],
  PAWL_AGENT_MISSING: [
    {
      reason: 'noneForRole',
      role: 'fixer',
      hasAgents: true,
      agent: 'claude',
      usable: USABLE,
      without: ['fixer', 'reviewer'],
    },
    { reason: 'noneForRole', role: 'fixer', hasAgents: false, agent: null, usable: NOBODY, without: ['fixer'] },
    { reason: 'noneForRole', role: 'fixer', hasAgents: false, agent: 'codex', usable: USABLE, without: ['fixer'] },
    { reason: 'notConfigured', name: 'x', role: 'fixer', usable: USABLE },
    { reason: 'notInstalled', name: 'claude', role: 'fixer', installation: 'npm i claude', usable: NOBODY },
    { reason: 'programMissing', name: 'x', program: 'agent', installation: null },
    { reason: 'programMissing', name: 'x', program: './agent', installation: 'npm i agent' },
    { reason: 'notFound', name: 'x', program: 'agent', installation: 'npm i agent' },
    { reason: 'notNamed', name: 'x', names: ['y'] },
    { reason: 'notNamed', name: 'x', names: [] },
    { reason: 'removed', name: 'x', role: 'fixer' },
  ],
  PAWL_AGENT_UNUSABLE: [
    { reason: 'notExecutable', name: 'x', path: '/bin/agent' },
    { reason: 'scriptUnreadable', name: 'x', path: '/script.json' },
    { reason: 'unreadable', ...PROGRAM },
    { reason: 'unanswered', ...PROGRAM, asked: '--version' },
    { reason: 'exit', ...PROGRAM, asked: '--version', exitCode: 3 },
    { reason: 'noVersion', ...PROGRAM, said: '' },
    { reason: 'noFlags', ...PROGRAM },
  ],
  PAWL_AGENT_FLAG_UNKNOWN: [
    { ...CODING, version: '1.2', flags: ['--x'], isOfConfig: true, installation: 'npm i agent' },
    { ...CODING, version: '1.2', flags: ['--x'], isOfConfig: false, installation: 'npm i agent' },
  ],
  PAWL_AGENT_CAPABILITY: [
    { reason: 'budget', ...CODING, unit: 'usd' },
    { reason: 'budget', ...CODING, unit: 'tokens' },
    { reason: 'resume', ...CODING },
    { reason: 'maxTurns', ...CODING },
    { reason: 'allowedTools', ...CODING },
    { reason: 'longPrompt', ...CODING, bytes: 9, bytesMax: 5 },
  ],
  PAWL_AGENT_DENIED: [
    { denied: ['Bash', 'Edit'], why: '' },
    { denied: ['Bash'], why: 'a rule' },
  ],
  PAWL_AGENT_LOGIN: [{ said: SAID }, { said: '' }],
  PAWL_AGENT_ACCOUNT: [{ said: SAID }],
  PAWL_AGENT_SETTING_REFUSED: [
    { setting: 'model', said: SAID },
    { setting: '--odd', said: SAID },
    { setting: null, said: SAID },
  ],
  PAWL_AGENT_FAILED: [
    { reason: 'error', said: SAID },
    { reason: 'interrupted', said: '' },
  ],
  PAWL_AGENT_NO_ANSWER: [{ problem: null }, { problem: 'no status' }],
  PAWL_AGENT_NO_END: [
    { reason: 'overlong', bytesMax: 16 * 1024 * 1024, said: '' },
    { reason: 'unsaid', hasAnswer: true, said: '' },
    { reason: 'unsaid', hasAnswer: false, said: SAID },
  ],
  PAWL_AGENT_NO_EVENT: ENDED,
  PAWL_AGENT_UNREADABLE: ENDED,
  PAWL_AGENT_TURN_LIMIT: [{ said: SAID }],
  PAWL_AGENT_SESSION_REFUSED: [
    { session: 's-1', said: SAID },
    { session: null, said: '' },
  ],
  PAWL_AGENT_LIMITED: [
    { reason: 'usage', resetsAtMs: 1_000, said: '' },
    { reason: 'rate', resetsAtMs: null, said: SAID },
    { reason: 'capacity', resetsAtMs: null, said: '' },
    { reason: 'waiting', untilMs: 1_000 },
  ],
  PAWL_AGENT_UNREACHABLE: [
    { resetsAtMs: null, said: 'fetch failed.', untilMs: null },
    { resetsAtMs: 1_000, said: 'fetch failed', untilMs: 2_000 },
  ],
  PAWL_AGENT_LIMIT_WAITS: [{ times: 3 }],
  PAWL_BUDGET_EXCEEDED: [
    {
      reason: 'usedUp',
      whose: 'run',
      spent: { ...USED, isEstimate: true, estimated: USED },
      budget: { usd: 1, tokens: null },
    },
    {
      reason: 'usedUp',
      whose: 'registry',
      spent: { ...USED, isEstimate: false, estimated: null },
      budget: { usd: null, tokens: 9 },
    },
    { reason: 'byAgent', usage: null, said: '' },
    { reason: 'byAgent', usage: USED, said: SAID },
    ...ENDED.map((ended) => ({ reason: 'ended', ...ended }) as const),
  ],
  PAWL_LEASE_CONFLICT: [
    { reason: 'held', holder: 'run_b', needed: PATHS, held: PATHS },
    { reason: 'held', holder: 'run_b', needed: PATHS, held: { names: ['src'], count: 1 } },
    { reason: 'taken', by: 'run_b' },
  ],
  PAWL_SURFACE_CONFLICT: [
    { commit: 'c'.repeat(40), paths: PATHS, isStrict: true, holders: [] },
    { commit: 'c'.repeat(40), paths: PATHS, isStrict: false, holders: [{ holder: 'run_b', paths: PATHS }] },
  ],
  PAWL_WORKSPACE_BRANCH_PROTECTED: [
    { reason: 'packet', taskId: 'T-1', branch: 'main' },
    { reason: 'base', branch: 'main' },
    { reason: 'default', branch: 'main' },
  ],
  PAWL_WORKSPACE_PATH_TOO_LONG: [
    { reason: 'notAccepted', branch: 'a..b' },
    { reason: 'fullName', branch: 'refs/heads/a' },
    { reason: 'longBranch', branch: 'a', bytesMax: 5 },
    { reason: 'longPart', branch: 'a', bytesMax: 5 },
    { reason: 'noRoom', branch: 'a', folder: '/repo/.git' },
    { reason: 'worktree', bytes: 5_000 },
  ],
  PAWL_WORKSPACE_BRANCH_ELSEWHERE: [{ branch: 'a', path: '/w' }],
  PAWL_WORKSPACE_BRANCH_IN_WAY: [
    { branch: 'a', names: ['a/b'] },
    { branch: 'a', names: ['a/b', 'a/c'] },
  ],
  PAWL_WORKSPACE_FOREIGN: [
    { reason: 'taken', path: '/w' },
    { reason: 'replaced', path: '/w' },
    { reason: 'unknown', path: '/w', repository: '/repo' },
  ],
  PAWL_WORKSPACE_DIRTY: [
    { reason: 'elsewhere', path: '/w', at: 'other', branch: 'a' },
    { reason: 'changes', path: '/w' },
    { reason: 'halfMade', path: '/w', ref: null, branch: 'a' },
    { reason: 'strangers', path: '/w' },
  ],
  PAWL_WORKSPACE_BASE_MISSING: [{ branch: null }, { branch: 'main' }],
  PAWL_WORKSPACE_DIVERGED: [
    { reason: 'fromBase', branch: 'a', base: 'main' },
    { reason: 'fromWork', branch: 'a' },
  ],
  PAWL_WORKSPACE_CHANGED: [
    { reason: 'gone', path: '/w' },
    { reason: 'unfinished' },
    { reason: 'conflicts' },
    { reason: 'repositories' },
    { reason: 'untakable', said: SAID },
    { reason: 'afterEnd' },
    { reason: 'headDamaged' },
    { reason: 'offBranch', ref: null, head: 'c', branch: 'a' },
    { reason: 'branchGone', branch: 'a' },
  ],
  PAWL_WORKSPACE_FILTERS: [{ filters: ['lfs', 'secret'], uses: ['.gitattributes:1 *.psd'] }],
  PAWL_REPOSITORY_FILTERS: [{ filters: ['lfs'], uses: ['.gitattributes:1 *.psd'] }],
  PAWL_WORKSPACE_FAILED: [
    { ...GIT, failure: { kind: 'notFound' } },
    { ...GIT, failure: { kind: 'exit', exitCode: 128, said: "fatal: in file '/x y' at line 3." } },
    { ...GIT, failure: { kind: 'signal', signal: null, said: '' } },
    { ...GIT, failure: { kind: 'slow', ms: 5 } },
    { ...GIT, failure: { kind: 'output', bytes: 5 } },
    { ...GIT, failure: { kind: 'said', words: SAID } },
    { reason: 'commitGone', commit: 'c', repository: '/repo' },
  ],
  PAWL_GIT_TAMPERED: [
    { taskId: 'fix-e1-a1', changes: [{ name: 'alias.x', change: 'set' }], changeCount: 1, others: [] },
    {
      taskId: 'fix-e1-a1',
      changes: [
        { name: 'alias.x', change: 'removed' },
        { name: 'config', change: 'unreadable' },
      ],
      changeCount: 7,
      others: ['run_b', 'run_c'],
    },
  ],
  PAWL_GIT_OBJECTS_DAMAGED: [
    { reason: 'object', object: 'o', commit: 'c' },
    { reason: 'graph', commit: 'c' },
  ],
  PAWL_GATE_BLOCKED: JUDGEMENTS,
  PAWL_GATE_FAILED: JUDGEMENTS,
  PAWL_FIX_LIMIT: [
    { gate: 'review', fixes: 1 },
    { gate: 'review', fixes: 2 },
  ],
  PAWL_FIX_STUCK: [
    { gate: 'review', reason: 'same', trend: [3, 2, 2] },
    { gate: 'review', reason: 'returned', trend: [3, 2] },
    { gate: 'review', reason: 'newInFix', trend: [3] },
  ],
  PAWL_ATTEMPTS_EXHAUSTED: [{ purpose: 'fix' }],
  PAWL_INTERRUPTIONS_EXHAUSTED: [
    { purpose: null, times: 3 },
    { purpose: 'review', times: 3 },
  ],
  PAWL_HANDOFF_REFUSED: [
    { reason: 'gates', round: 2 },
    { reason: 'moved', branch: 'a', head: null, commit: 'c' },
    { reason: 'otherTree', gate: 'review', commit: 'c', tree: 't', judged: 'u' },
  ],
  PAWL_WORKER_BLOCKED: [{ said: SAID }],
  PAWL_WORKER_FAILED: [{ said: SAID }],
  PAWL_WORKER_EXIT: [
    { exitCode: 3, signal: null, answer: null },
    { exitCode: null, signal: 'SIGKILL', answer: { kind: 'missing' } },
    { exitCode: null, signal: null, answer: { kind: 'invalid', problem: 'no status' } },
    { exitCode: 1, signal: null, answer: { kind: 'valid', status: 'completed', summary: 'Done.' } },
  ],
  PAWL_WORKER_NO_COMPLETION: [{}],
  PAWL_WORKER_ANSWER_INVALID: [{ problem: 'no status' }],
  PAWL_WORKER_CONTRADICTION: [{ status: 'failed' }],
  PAWL_WORKER_NO_CHANGE: [{}],
  PAWL_WORKER_START_FAILED: [
    { reason: 'ended', obstacle: { kind: 'said', words: 'no git' }, answered: null },
    { reason: 'notFound', program: './agent', exitCode: 127, said: '' },
    { reason: 'notExecutable', program: './agent', exitCode: 126, said: SAID },
  ],
  PAWL_WORKER_DEADLINE: ENDED,
  PAWL_WORKER_STALLED: ENDED,
  PAWL_WORKER_OUTPUT_LIMIT: ENDED,
  PAWL_WORKER_CANCELLED: ENDED,
  PAWL_WORKER_INTERRUPTED: [
    { reason: 'down', obstacle: null, answered: null },
    ...ENDED.map((ended) => ({ reason: 'operator', ...ended }) as const),
    { reason: 'unseen', problem: null },
    { reason: 'unseen', problem: 'no status' },
  ],
  PAWL_WORKER_LOST: [{ problem: null }, { problem: 'no status' }],
  PAWL_WORKER_SURVIVORS: [
    { reason: 'pids', pids: [7, 8], count: 9, isLockHeld: null },
    { reason: 'pids', pids: [], count: 0, isLockHeld: true },
    { reason: 'pids', pids: [], count: 0, isLockHeld: null },
    { reason: 'unreadable' },
    { reason: 'running', taskId: 'fix-e1-a1' },
  ],
  PAWL_HOST_UNKNOWN: [
    { reason: 'unended', pid: 7 },
    { reason: 'unclaimed' },
    { reason: 'elsewhere', pid: 7, hostname: 'box' },
  ],
  PAWL_HOST_HUNG: ENDED,
  PAWL_HOST_STARTS_EXHAUSTED: ENDED,
  PAWL_STORE_FAILED: [{ action: 'open', path: '/t/outcome', systemCode: 'EISDIR' }],
};

/** Every code that a blocker can have. */
export const BLOCKER_CODES: readonly BlockerCode[] = BLOCKER_SHAPES.map(({ shape }) => shape.code.value);

/** The causes of that code, one for each of its wordings. */
export function causesOf<Code extends BlockerCode>(code: Code): readonly CauseOf<Code>[] {
  return SAMPLES[code].map((params) => ({ code, params }));
}

/** A blocker of that code. */
export function sampleOf(code: BlockerCode, evidence: readonly string[] = []): Blocker {
  const [params] = SAMPLES[code];
  return blockerSchema.parse({ code, params, evidence });
}

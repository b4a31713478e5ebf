/**
 * Every state of a run by its path, as plain data: views read persisted snapshots and load no machine.
 *
 * Owns: tags and description of each. Does not own: the machine, of which it is made by `npm run docs:update`; a test fails when it is not
 * current.
 */
import type { StateFacts } from './state-tag.ts';

/** The states of a run. */
export const RUN_STATES: Readonly<Record<string, StateFacts>> = {
  packetReceived: {
    tags: ['waiting'],
    description: 'Its packet is being checked for everything that a run needs.',
  },
  queued: {
    tags: [],
    description: 'Waits to be admitted: its agents and its commands are checked before it begins.',
  },
  'queued.admitting': {
    tags: ['waiting'],
    description: 'Not yet checked whether it may begin.',
  },
  'queued.agentMissing': {
    tags: ['parked'],
    description: 'An agent that it needs is not available.',
  },
  'queued.admissionRefused': {
    tags: ['parked'],
    description: 'Something other than its agents prevents it from beginning.',
  },
  waitingForLock: {
    tags: ['waiting'],
    description: 'Waits for the lease of the surfaces that it works on.',
  },
  implementing: {
    tags: [],
    description: 'The change is being made: first its worktree, then the work, then a commit of it.',
  },
  'implementing.preparing': {
    tags: ['working'],
    description: 'Its worktree and branch are being prepared.',
  },
  'implementing.setupRequested': {
    tags: ['working'],
    description: 'The next setup task is being recorded, before it is started.',
  },
  'implementing.settingUp': {
    tags: ['working'],
    description: 'A worker is working on its task.',
  },
  'implementing.setupLimited': {
    tags: ['waiting'],
    description: 'Its agent cannot be used now: it resumes automatically when the wait is over.',
  },
  'implementing.requested': {
    tags: ['working'],
    description: 'The next implementation task is being recorded, before it is started.',
  },
  'implementing.working': {
    tags: ['working'],
    description: 'A worker is working on its task.',
  },
  'implementing.limited': {
    tags: ['waiting'],
    description: 'Its agent cannot be used now: it resumes automatically when the wait is over.',
  },
  'implementing.committing': {
    tags: ['working'],
    description: 'The changes that the worker left are being committed.',
  },
  verification: {
    tags: [],
    description: 'The checks of the packet run on what was committed, in a new round.',
  },
  'verification.requested': {
    tags: ['working'],
    description: 'The next verification task is being recorded, before it is started.',
  },
  'verification.working': {
    tags: ['working'],
    description: 'A worker is working on its task.',
  },
  'verification.limited': {
    tags: ['waiting'],
    description: 'Its agent cannot be used now: it resumes automatically when the wait is over.',
  },
  'verification.judging': {
    tags: ['working'],
    description: 'The verdict of the verification is checked against what is in the worktree.',
  },
  internalReview: {
    tags: [],
    description: 'A reviewer reads what was committed.',
  },
  'internalReview.requested': {
    tags: ['working'],
    description: 'The next review task is being recorded, before it is started.',
  },
  'internalReview.working': {
    tags: ['working'],
    description: 'A worker is working on its task.',
  },
  'internalReview.limited': {
    tags: ['waiting'],
    description: 'Its agent cannot be used now: it resumes automatically when the wait is over.',
  },
  'internalReview.judging': {
    tags: ['working'],
    description: 'The verdict of the review is checked against what is in the worktree.',
  },
  fixLoop: {
    tags: [],
    description: 'What a gate found is being fixed, before the work is verified again.',
  },
  'fixLoop.requested': {
    tags: ['working'],
    description: 'The next fix task is being recorded, before it is started.',
  },
  'fixLoop.working': {
    tags: ['working'],
    description: 'A worker is working on its task.',
  },
  'fixLoop.limited': {
    tags: ['waiting'],
    description: 'Its agent cannot be used now: it resumes automatically when the wait is over.',
  },
  'fixLoop.committing': {
    tags: ['working'],
    description: 'The changes that the worker left are being committed.',
  },
  handoffReady: {
    tags: ['working'],
    description: 'Both gates have passed: the handoff is being made.',
  },
  cancelling: {
    tags: ['working'],
    description: 'Was cancelled: its task is being ended first.',
  },
  endingTask: {
    tags: [],
    description: 'Its task was in doubt and is being ended, because a person has decided what comes next.',
  },
  'endingTask.thenRetry': {
    tags: ['working'],
    description: 'It resumes where it stopped once the task has ended.',
  },
  'endingTask.thenAbandon': {
    tags: ['working'],
    description: 'It is abandoned once the task has ended.',
  },
  resuming: {
    tags: ['transient'],
    description: 'Goes back to the stage at which it stopped.',
  },
  blockedNeedsHuman: {
    tags: ['parked'],
    description: 'Halted until a person decides: its blocker says why, and what can be done.',
  },
  blockedLockConflict: {
    tags: ['parked', 'waiting'],
    description: 'Another run holds what it needs to work on; it resumes when that is free.',
  },
  readyForManualReview: {
    tags: ['ended'],
    description: 'Has passed both gates and is ready for review by a person.',
  },
  blockedPlanInsufficient: {
    tags: ['ended'],
    description: 'Its packet lacks something that every run needs.',
  },
  failedExecution: {
    tags: ['ended'],
    description: 'Its workers have used up their attempts; a person may have it try again.',
  },
  cancelled: {
    tags: ['ended'],
    description: 'Was cancelled or abandoned.',
  },
};

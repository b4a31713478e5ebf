import { describe, expect, it } from 'vitest';
import { messageOf } from '../../src/blockers/shown-blocker.ts';
import { blocker } from '../../src/model/blocker.ts';
import { type StartFacts, startFailure } from '../../src/turn/start-failure.ts';

const facts = { program: './agent', hasOutput: false, lastWords: '' };
const missing = { kind: 'missing' } as const;
const exit = (code: number) => ({ code, signal: null });

describe('startFailure', () => {
  it('names the program, what went wrong and what the shell said of it', () => {
    const dash = startFailure(exit(127), missing, { ...facts, lastWords: 'gate: 1: exec: ./agent: not found' });
    expect(dash).toEqual({ reason: 'notFound', program: './agent', exitCode: 127, said: './agent: not found' });
    const bash = startFailure(exit(126), missing, { ...facts, lastWords: 'gate: line 1: ./agent: Permission denied' });
    expect(bash).toMatchObject({ reason: 'notExecutable', exitCode: 126, said: './agent: Permission denied' });
    expect(startFailure(exit(127), missing, facts)).toMatchObject({ said: '' });
  });

  it('is silent of a worker that has run: that said something, left an answer, or ended in another way', () => {
    expect(startFailure(exit(127), missing, { ...facts, hasOutput: true })).toBeNull();
    const said = { ...facts, hasOutput: true, lastWords: 'Permission denied by the reviewer.' };
    expect(startFailure(exit(127), missing, said)).toBeNull();
    expect(startFailure(exit(127), { kind: 'invalid', reason: 'r' }, facts)).toBeNull();
    expect(startFailure(exit(125), missing, facts)).toBeNull();
    expect(startFailure(exit(1), missing, facts)).toBeNull();
    expect(startFailure({ code: null, signal: 'SIGKILL' }, missing, facts)).toBeNull();
    expect(startFailure(null, missing, facts)).toBeNull();
  });

  it.each([
    'tools/agent.sh: line 3: exec: nosuchprog: not found',
    "env: 'nosuchprog': No such file or directory",
    'tools/agent.sh: 3: ./build/agent: Permission denied',
    'sh: 1: ./agent: Exec format error',
    'bash: ./agent: cannot execute: required file not found',
  ])('a wrapper that printed something first, and then: %s', (lastWords) => {
    expect(startFailure(exit(127), missing, { ...facts, hasOutput: true, lastWords })).toMatchObject({
      program: './agent',
    });
    expect(startFailure(exit(1), missing, { ...facts, hasOutput: true, lastWords })).toBeNull();
  });

  it('lets no control character of a program or a shell through', () => {
    const told = startFailure(exit(127), missing, {
      ...facts,
      program: 'a\u001b[31m\u202eb',
      lastWords: '\u001b]0;x\u0007y',
    });
    expect(JSON.stringify(told)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

describe('the sentence of a worker that never ran', () => {
  it('is complete, and bounded however long its words', () => {
    const sentence = (code: number, changes: Partial<StartFacts> = {}): string => {
      const params = startFailure(exit(code), missing, { ...facts, ...changes }) ?? expect.fail();
      return messageOf(blocker('PAWL_WORKER_START_FAILED', params, []));
    };
    expect(sentence(127)).toBe(
      'The worker could not be started: "./agent", or a program that it starts, was not found, or the interpreter named in its first line was not (exit 127).',
    );
    const told = sentence(126, { program: 'p'.repeat(9_000), lastWords: 'w'.repeat(9_000) });
    expect(told.match(/p+/g)?.join('').length).toBeLessThanOrEqual(520);
    expect(told.length).toBeLessThanOrEqual(1_700);
    expect(told.length).toBeGreaterThan(1_500);
  });
});

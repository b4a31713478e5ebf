import { describe, expect, it } from 'vitest';
import { startFailure } from '../../src/core/start-failure.ts';

const facts = { program: './agent', hasOutput: false, lastWords: '' };
const missing = { kind: 'missing' } as const;
const exit = (code: number) => ({ code, signal: null });

describe('startFailure', () => {
  it('names the program, what went wrong and what the shell said of it', () => {
    const dash = startFailure(exit(127), missing, { ...facts, lastWords: 'gate: 1: exec: ./agent: not found' });
    expect(dash).toMatch(/"\.\/agent".* was not found, .*\(exit 127\)\. It said: \.\/agent: not found$/);
    const bash = startFailure(exit(126), missing, { ...facts, lastWords: 'gate: line 1: ./agent: Permission denied' });
    expect(bash).toMatch(/may not be executed.*\(exit 126\)\. It said: \.\/agent: Permission denied$/);
    expect(startFailure(exit(127), missing, facts)).not.toContain('It said');
  });

  it('is silent of a worker that has run: that said something, left an answer, or ended in another way', () => {
    expect(startFailure(exit(127), missing, { ...facts, hasOutput: true })).toBeNull();
    expect(startFailure(exit(127), { kind: 'invalid', reason: 'r' }, facts)).toBeNull();
    expect(startFailure(exit(125), missing, facts)).toBeNull();
    expect(startFailure(exit(1), missing, facts)).toBeNull();
    expect(startFailure({ code: null, signal: 'SIGKILL' }, missing, facts)).toBeNull();
    expect(startFailure(null, missing, facts)).toBeNull();
  });

  it('lets no control character of a program or a shell through', () => {
    const told = startFailure(exit(127), missing, {
      ...facts,
      program: 'a\u001b[31m\u202eb',
      lastWords: '\u001b]0;x\u0007y',
    });
    expect(told).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

/** The answer at the end of what an agent says: found where it is one, and nowhere else. */
import { describe, expect, it } from 'vitest';
import { SILENT_TURN, type Turn } from '../../src/turn/turn.ts';
import { answerInTurn } from '../../src/turn/turn-answer.ts';
import { cpuMsOf } from '../support/cpu-time.ts';

const ANSWER = '{\n  "status": "completed",\n  "summary": "it is `done`"\n}';
const turnOf = (lastText: string, answer?: Turn['answer']): Turn => ({ ...SILENT_TURN, lastText, answer });
const inMessage = (text: string): string => {
  const { reading, from } = answerInTurn(turnOf(text), 'implementation');
  return reading.kind === 'valid' ? `${from}: ${reading.answer.status} ${reading.answer.summary}` : reading.kind;
};
const FOUND = 'message: completed it is `done`';
const fenced = (inside: string, language = 'json', marks = '```'): string => `${marks}${language}\n${inside}\n${marks}`;
const other = fenced('{"status":"failed","summary":"an example"}');

describe('an answer in a message', () => {
  it.each([
    ['the whole message', ANSWER],
    ['a block at the end', `Done.\n${fenced(ANSWER)}`],
    ['a block with words after it', `${fenced(ANSWER)}\nThat is all.`],
    ['a block that does not say what it is', `Done.\n${fenced(ANSWER, '')}`],
    ['a block in capitals, after a space', `Done.\n${fenced(ANSWER, ' JSON')}`],
    ['a block with the line ends of another system', `Done.\n${fenced(ANSWER)}`.replaceAll('\n', '\r\n')],
    ['a block behind one of another language', `${fenced('let a = 1;', 'ts')}\nMy answer:\n${fenced(ANSWER)}`],
    ['a block before one of another language', `${fenced(ANSWER)}\n${fenced('npm test', 'sh')}`],
    ['the last of several', `${other}\n${fenced(ANSWER)}`],
    ['a block of other marks', `Done.\n${fenced(ANSWER, 'json', '~~~~')}`],
    ['a block behind one that holds marks', `${fenced('```json\n{}\n```', 'md', '````')}\n${fenced(ANSWER)}`],
    ['a block that the message ends in', `Done.\n\`\`\`json\n${ANSWER}`],
  ])('is found: %s', (_name, text) => {
    expect(inMessage(text)).toBe(FOUND);
  });

  it.each([
    ['no message', ''],
    ['words', 'I have done it.'],
    ['an object without a status', '{"summary":"x"}'],
    ['a list', '[{"status":"completed"}]'],
    ['half an object', ANSWER.slice(0, -1)],
    ['an object among words', `Here: ${ANSWER}`],
    ['a block of another language', fenced(ANSWER, 'yaml')],
    ['an earlier block, where the last one is none', `${fenced(ANSWER)}\n${fenced('{"a":1}')}`],
  ])('is not found: %s', (_name, text) => {
    expect(inMessage(text)).toBe('missing');
  });

  it('that does not keep the contract is an invalid answer, not none', () => {
    expect(inMessage(fenced('{"status":"great","summary":"x"}'))).toBe('invalid');
    expect(answerInTurn(turnOf(fenced(ANSWER)), 'review')).toMatchObject({
      reading: { kind: 'invalid' },
      from: 'message',
    });
  });

  it('costs no more than reading it, however it is written', () => {
    const tookMs = cpuMsOf(() => {
      for (const text of ['```', '`', '~~~\n', '``` a\n', ' ', '```json\n']) inMessage(text.repeat(100_000));
      inMessage(`\`\`\`${'a'.repeat(500_000)}\``);
    });
    expect(tookMs).toBeLessThan(3_000);
  });
});

describe('a structured answer', () => {
  it('goes before the message, even where it is not valid', () => {
    const given = { status: 'blocked', summary: 'structured' };
    expect(answerInTurn(turnOf(ANSWER, given), 'implementation')).toMatchObject({
      reading: { kind: 'valid', answer: { status: 'blocked' } },
      from: 'structured',
    });
    expect(answerInTurn(turnOf(ANSWER, { status: 7 }), 'implementation')).toMatchObject({
      reading: { kind: 'invalid' },
      from: 'structured',
    });
  });

  it('that is null is none', () => {
    expect(answerInTurn(turnOf(ANSWER, null), 'implementation').from).toBe('message');
  });
});

describe('a message with an answer in odd places', () => {
  it.each([
    ['white space around the whole message', `\n  ${ANSWER}\n\n`],
    ['empty lines within its block', `\`\`\`json\n\n${ANSWER}\n\n\`\`\``],
    ['an open block with empty lines', `\`\`\`json\n\n${ANSWER}\n\n`],
    ['a block that is closed by more marks', `\`\`\`json\n${ANSWER}\n\`\`\`\`\``],
    ['an answer of several lines in an open block', `~~~\n${ANSWER.replaceAll(', ', ',\n')}`],
  ])('is found: %s', (_name, text) => {
    expect(inMessage(text)).toBe(FOUND);
  });

  it('is not ended by a line with words behind its marks, nor by other marks', () => {
    const odd = (line: string): string => `\`\`\`json\n{"status":"completed","summary":"a\n${line}\n"}\n\`\`\``;
    for (const line of ['``` ts', '~~~', '``']) expect(inMessage(odd(line))).toBe('missing');
    const text = fenced(`{"status":"completed",\n"summary":"one"}`);
    expect(inMessage(text)).toBe('message: completed one');
  });

  it('is looked for in blocks that look like an object alone', () => {
    expect(inMessage(`${fenced('["status"]')}`)).toBe('missing');
    expect(inMessage(`${fenced('"status"')}`)).toBe('missing');
    expect(inMessage(`${fenced('{nothing}')}`)).toBe('missing');
  });
});

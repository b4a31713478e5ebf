/** Text that is kept or printed holds no control codes and no likely secrets, and never exceeds its bound. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import { quote, sanitise, sanitiseTail } from '../../src/base/sanitise.ts';
import { cpuMsOf } from '../support/cpu-time.ts';

const clean = (text: string) => sanitise(text, 10_000);
const key = (kind: string) => `-----BEGIN ${kind}PRIVATE KEY-----\nMIIEabc\nhunter2\n-----END ${kind}PRIVATE KEY-----`;

describe('what is stripped', () => {
  it.each([
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b[38;2;1;2;3mx', 'x'],
    ['\u001b]0;title\u0007x', 'x'],
    ['\u001b]8;;http://a\u001b\\link\u001b]8;;\u001b\\', 'link'],
    ['\u001bPdata\u001b\\x', 'x'],
    ['\u001b(Bx\u001b=y\u001bc', 'xy'],
    ['\u009b31mx', 'x'],
    ['a\u0000b\u0007c\u0008d\u007fe\u0085f', 'abcdef'],
    ['a\r\nb\rc\td\n', 'a\nb\nc\td\n'],
    ['a\u202eb\u2066c', 'a\\u{202e}b\\u{2066}c'],
    ['a\u061cb\u200bc\u2060d\ufeffe', 'a\\u{61c}bcde'],
    ['x\u001b', 'x'],
    ['x\ud800y', 'x\ufffdy'],
    ['grüße 😀', 'grüße 😀'],
  ])('%j becomes %j', (text, expected) => {
    expect(clean(text)).toBe(expected);
  });
});

describe('what is masked', () => {
  const token = 'hunter2hunter2hunter2';
  it.each([
    `Authorization: Bearer ${token}`,
    `authorization: Basic ${token}==`,
    `"Authorization": "token ${token}"`,
    `bearer ${token}`,
    `API_KEY=${token}`,
    `export GITHUB_TOKEN='${token}'`,
    `password: "a ${token} b"`,
    `{"client_secret": "${token}"}`,
    `{\\"password\\":\\"${token}\\"}`,
    `aws_secret_access_key = ${token}`,
    `PGPASSWORD=${token} psql`,
    `tool --token ${token}`,
    `tool --db-password=${token}`,
    `https://user:${token}@example.test/x`,
    `https://${token}@example.test/x`,
    `postgres://u:${token}@h/db`,
    `Set-Cookie: session=${token}; Secure`,
    `sk-${token}`,
    `sk-ant-api03-${token}`,
    `sk_live_${token}`,
    `ghp_${token}`,
    `github_pat_${token}_x`,
    `glpat-${token}`,
    `npm_${token}`,
    `xoxb-1-${token}`,
    key('RSA ').replace('hunter2', token),
    key('').replace('hunter2', token),
    `MII${token}\n-----END EC PRIVATE KEY-----\n`,
    `-----BEGIN OPENSSH PRIVATE KEY-----\n${token}`,
    `-----BEGIN PRIVATE KEY-----\n-----BEGIN PRIVATE KEY-----\n${token}\n-----END PRIVATE KEY-----`,
    `eyJ${token}.eyJ${token}.${token}`,
  ])('%j', (text) => {
    expect(clean(`before\n${text}\nafter`)).not.toContain('hunter2');
    expect(clean(text)).toContain('[secret]');
  });

  it.each(['AKIAIOSFODNN7EXAMPLE', `AIza${'a'.repeat(35)}`])('%s', (text) => {
    expect(clean(`x ${text} y`)).toBe('x [secret] y');
  });

  it('a colour code within a secret does not save it', () => {
    expect(clean('API_\u001b[1mKEY=hun\u001b[0mter2')).toBe('API_KEY=[secret]');
  });

  it.each([
    'ok 12 - tokenises a line',
    'src/password-form.test.ts passed',
    'the keyword "token" is missing',
    'https://example.test/a@b and git@github.com:acme/x.git',
    'ssh://git@example.test/x',
    '3 passing (12ms)',
    'sk-8',
    'task-list-of-everything-we-know',
  ])('ordinary text stays: %s', (text) => {
    expect(clean(text)).toBe(text);
  });
});

describe('the bound', () => {
  it('a long text keeps both ends and says that it was cut', () => {
    const text = `first ${'x'.repeat(5_000)} last`;
    const cut = sanitise(text, 100);
    expect(cut.length).toBeLessThanOrEqual(100);
    expect(cut).toMatch(/^first x+\n\[… 5011 characters, cut …\]\nx+ last$/);
    expect(sanitiseTail(text, 100)).toMatch(/^\[…\]\nx+ last$/);
  });

  it('what fits is not cut', () => {
    expect(sanitise('x'.repeat(100), 100)).toBe('x'.repeat(100));
    expect(sanitiseTail('x'.repeat(100), 100)).toBe('x'.repeat(100));
    expect(sanitiseTail('', 0)).toBe('');
  });

  it('the end of a text that was cut at its front begins after a broken word, which may be half a secret', () => {
    const text = `API_KEY=${'hunter2'.repeat(200)} ${'\u001b[0m'.repeat(2_000)}end`;
    expect(sanitiseTail(text, 100)).toBe('[…]\nend');
    expect(sanitise(`${'y'.repeat(50_000)} ${text}`, 200)).not.toContain('hunter');
  });

  it('so does the end that a reader has cut, however short it is', () => {
    const rest = `${'hunter2'.repeat(6)} ${'\u001b[2K\r'.repeat(10)}end`;
    expect(sanitiseTail(rest, 1_000, true)).toMatch(/^\[…\]\n\n+end$/);
    expect(sanitiseTail('whole', 1_000)).toBe('whole');
  });

  it('holds for any text and bound, and the result always has a canonical form', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.nat(120), fc.nat(40), (text, bound, times) => {
        for (const cut of [sanitise, sanitiseTail]) {
          const safe = cut(text.repeat(times), bound);
          expect(safe.length).toBeLessThanOrEqual(bound);
          expect(safe).not.toMatch(/(?![\n\t])\p{Cc}/u);
          expect(() => canonicalJson(safe)).not.toThrow();
        }
      }),
    );
  });

  const hostile: readonly (readonly [string, string])[] = [
    ['zeros', '\0'],
    ['escapes', '\u001b['],
    ['string escapes', '\u001b]'],
    ['names', 'token'],
    ['names and signs', 'token='],
    ['quotes', 'token="'],
    ['urls', '://'],
    ['url users', '://a:'],
    ['web tokens', 'eyJ'],
    ['keys', '-----BEGIN PRIVATE KEY-----'],
    ['key ends', '-----END PRIVATE KEY-----'],
    ['dashes', '-'],
    ['options', '--token '],
    ['spaces', ' '],
    ['bearers', 'bearer '],
    ['prefixes', 'sk-'],
    ['surrogates', '\ud83d'],
    ['letters behind a name', ''],
    ['letters in a string escape', ''],
  ];
  it.each(hostile)('a huge text of %s takes time in proportion to the bound only', (name, unit) => {
    // A quadratic step over the 1 MB bound would take minutes; linear ones take a fraction of a second of the processor.
    const start = name.includes('escape') ? '\u001b]' : 'token=sk-';
    const text = unit === '' ? start + 'x'.repeat(4_000_000) : unit.repeat(Math.ceil(4_000_000 / unit.length));
    const tookMs = cpuMsOf(() => {
      expect(sanitise(text, 1_000_000).length).toBeLessThanOrEqual(1_000_000);
      expect(sanitiseTail(text, 8_192).length).toBeLessThanOrEqual(8_192);
    });
    expect(tookMs).toBeLessThan(10_000);
  });
});

describe('quote', () => {
  it('is one short line with its control codes visible', () => {
    expect(quote('a\n\u001b[1m"b"')).toBe('"a\\n\\u001b[1m\\"b\\""');
    expect(quote('x'.repeat(5_000)).length).toBeLessThan(110);
    expect(quote('token=hunter2')).not.toContain('hunter2');
  });
});

describe('a cut, to the character', () => {
  it('tells the length of the whole, and keeps as much as fits from both ends', () => {
    const [head, tail] = ['abcdefghijabcdefg', 'efghijabcdefghij'];
    expect(sanitise('abcdefghij'.repeat(10), 60)).toBe(`${head}\n[… 100 characters, cut …]\n${tail}`);
  });

  it('tells the length of what it has not even looked at', () => {
    const text = 'x '.repeat(50_000);
    const [, length = ''] = /\[… (\d+) characters, cut …\]/.exec(sanitise(text, 100)) ?? [];
    // The end begins after its first, broken word.
    expect(text.length - Number(length)).toBeLessThanOrEqual(2);
    expect(Number(length)).toBeLessThanOrEqual(text.length);
  });

  it('looks at windows of a fixed size at both ends alone', () => {
    const inside = 'a b '.repeat(20_000);
    const head = `first ${'h'.repeat(30)} `;
    const tail = ` ${'t'.repeat(30)} last`;
    const cut = sanitise(head + inside + tail, 200);
    expect(cut.startsWith(head)).toBe(true);
    expect(cut.endsWith(tail)).toBe(true);
    expect(cut).toHaveLength(200);
  });

  it('of no room for its mark is the beginning alone, or nothing', () => {
    expect(sanitise('abcdefghij'.repeat(10), 5)).toBe('abcde');
    expect(sanitise('abcdefghij'.repeat(10), 27)).toHaveLength(27);
    expect(sanitise('abcdefghij', 0)).toBe('');
    expect(sanitiseTail('abcdefghij', 4)).toBe('');
    expect(sanitiseTail('abcdefghij', 5)).toBe('[…]\nj');
  });

  it('of an end without any space leaves out what may be a broken secret, and no more', () => {
    expect(sanitiseTail('x'.repeat(3_000), 10_000, true)).toBe(`[…]\n${'x'.repeat(3_000 - 2_048)}`);
    expect(sanitiseTail(`${'x'.repeat(2_047)} end`, 10_000, true)).toBe('[…]\nend');
    expect(sanitiseTail(`${'x'.repeat(2_100)} end`, 10_000, true)).toBe(`[…]\n${'x'.repeat(52)} end`);
  });

  it('of a quoted text begins after a hundred characters', () => {
    expect(quote('x'.repeat(100))).toBe(`"${'x'.repeat(100)}"`);
    expect(quote('x'.repeat(101))).toBe(`"${'x'.repeat(100)}…"`);
    expect(quote('a\u200bb\u202ec\n')).toBe('"ab\\\\u{202e}c\\n"');
  });
});

describe('private keys', () => {
  const [begin, end] = ['-----BEGIN PRIVATE KEY-----', '-----END PRIVATE KEY-----'];
  it.each([
    [`a ${begin} k ${end} b`, 'a [secret] b'],
    [`a ${begin} k ${end} b ${begin} k ${end} c`, 'a [secret] b [secret] c'],
    [`a ${begin} k`, 'a [secret]'],
    [`k ${end} b`, '[secret] b'],
    [`k ${end} b ${begin} k ${end} c`, '[secret] b [secret] c'],
    [`a ${begin} k ${end} b ${end} c`, 'a [secret] c'],
    [`a ${begin} k ${begin} k ${end} b`, 'a [secret] b'],
    [`a ${begin} k ${end} b ${begin} k`, 'a [secret] b [secret]'],
    ['no key at all', 'no key at all'],
  ])('%j is told as %j', (text, told) => {
    expect(clean(text)).toBe(told);
  });
});

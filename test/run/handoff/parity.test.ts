/** A handoff's JSON and its page hold the same facts: change any of the one, and the other changes. */
import { expect, it } from 'vitest';
import { isObject, type Json } from '../../../src/base/canonical-json.ts';
import { handoffBundle } from '../../../src/run/handoff/bundle.ts';
import { type HandoffDocument, handoffDocument } from '../../../src/run/handoff/document.ts';
import { handoffPage } from '../../../src/run/handoff/page.ts';
import { RICH } from '../../support/handoff-input.ts';

const DOCUMENT = plain(handoffDocument(RICH));

function plain(document: HandoffDocument): Json {
  return JSON.parse(JSON.stringify(document)) as Json;
}

type Path = readonly (string | number)[];

/** Every member that holds no other, by its path. */
function leavesOf(value: Json, path: Path = []): readonly Path[] {
  if (Array.isArray(value)) return value.flatMap((each: Json, at) => leavesOf(each, [...path, at]));
  if (isObject(value)) return Object.entries(value).flatMap(([key, each]) => leavesOf(each as Json, [...path, key]));
  return value === null ? [] : [path];
}

/** Words of which there are only a few: another of them instead. */
const OTHERS: Readonly<Record<string, string>> = {
  acceptance: 'review',
  review: 'acceptance',
  expectation: 'acceptance',
  other: 'acceptance',
  met: 'notMet',
  notMet: 'met',
  unclear: 'met',
  notShown: 'met',
  statement: 'finding',
  command: 'finding',
  finding: 'command',
};

function changed(value: Json, path: Path, name: Path[number] = ''): Json {
  const [key, ...rest] = path;
  if (key === undefined) {
    if (typeof value === 'number') return value + 1_000;
    if (typeof value === 'boolean') return !value;
    if (name === 'gate') return value === 'review' ? 'verification' : 'review';
    return OTHERS[String(value)] ?? `${String(value)}Zq`;
  }
  const copy: Json = JSON.parse(JSON.stringify(value));
  if (!isObject(copy) && !Array.isArray(copy)) throw new Error(`nothing at ${path.join('.')}`);
  Reflect.set(copy, key, changed(Reflect.get(copy, key) as Json, rest, key));
  return copy;
}

/** The form of the JSON; and denials of a turn, which the list of all denials tells. */
const NOT_TOLD = /^v$|\.turn\.denials\./;

it('every fact of the JSON is on the page', () => {
  const page = handoffPage(DOCUMENT as never);
  const leaves = leavesOf(DOCUMENT).filter((path) => !NOT_TOLD.test(path.join('.')));
  expect(leaves.length).toBeGreaterThan(300);
  const hidden = leaves.filter((path) => handoffPage(changed(DOCUMENT, path) as never) === page);
  expect(hidden.map((path) => path.join('.'))).toEqual([]);
});

it('the page is made from the JSON alone', () => {
  const { json, markdown } = handoffBundle(RICH);
  expect(handoffPage(JSON.parse(json))).toBe(markdown);
});

it('every list of the JSON is on the page as long as it is', () => {
  const page = handoffPage(DOCUMENT as never);
  const lists = Object.entries(DOCUMENT as object).filter(([, value]) => Array.isArray(value) && value.length > 0);
  expect(lists.length).toBeGreaterThan(9);
  for (const [name, list] of lists) {
    const shorter = { ...(DOCUMENT as object), [name]: (list as readonly Json[]).slice(0, -1) };
    expect(handoffPage(shorter as never).length, name).toBeLessThan(page.length);
  }
});

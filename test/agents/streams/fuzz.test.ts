/** Whatever an agent writes, its adapter gives events or says that it does not know the line. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adapterOf } from '../../../src/adapters/agents/adapters.ts';
import { NOTED } from '../../../src/adapters/agents/line-events.ts';
import type { Json } from '../../../src/base/canonical-json.ts';
import { foldEvent, SILENT_TURN } from '../../../src/turn/turn.ts';
import { RECORDED_KINDS, streamsOf } from './recorded.ts';

const OTHERS: readonly Json[] = [null, true, false, 0, -1.5, 1e300, '', 'x', [], [null], {}, { type: 'x' }];

describe.each(RECORDED_KINDS)('%s', (kind) => {
  const adapter = adapterOf(kind);
  const recorded = streamsOf(kind).flatMap(({ lines }) => lines);

  it('reads any JSON without a throw', () => {
    const line = fc.oneof(fc.jsonValue(), fc.record({ type: fc.string(), data: fc.jsonValue() }));
    fc.assert(
      fc.property(line, (value) => check(JSON.parse(JSON.stringify(value)))),
      { numRuns: 100 },
    );
  });

  it('reads every recorded line with any field gone or of another type', () => {
    // One line of each shape.
    const lines = new Map(recorded.map((text) => [pathsOf(JSON.parse(text), []).join(), text]));
    for (const text of [...lines.values()].filter((line) => line.length < 6000)) {
      const paths = pathsOf(JSON.parse(text), []).slice(0, 60);
      paths.forEach((path, index) => {
        check(withAt(JSON.parse(text), path, undefined));
        check(withAt(JSON.parse(text), path, OTHERS[index % OTHERS.length]));
      });
    }
  });

  function check(line: Json): void {
    const events = adapter.read(line) ?? NOTED;
    let turn = SILENT_TURN;
    for (const event of events) turn = foldEvent(turn, event);
    const counts = Object.values(turn.usage).flatMap((usage) => [usage?.inputTokens ?? 0, usage?.outputTokens ?? 0]);
    if (events.length === 0 || counts.some((count) => !(count >= 0))) expect.fail(`${JSON.stringify(line)}: ${counts}`);
  }
});

function pathsOf(value: unknown, path: readonly string[]): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, member]) => pathsOf(member, [...path, key]))];
}

/** A copy of `value` with another one at the path. */
function withAt(value: Json, path: readonly string[], other: Json | undefined): Json {
  const [key, ...rest] = path;
  if (key === undefined) return other ?? null;
  if (Array.isArray(value))
    return value.map((item: Json, index) => (String(index) === key ? withAt(item, rest, other) : item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([name, member]): [string, Json][] => {
    if (name !== key) return [[name, member ?? null]];
    if (rest.length === 0 && other === undefined) return [];
    return [[name, withAt(member ?? null, rest, other)]];
  });
  return Object.fromEntries(entries);
}

/**
 * Where in a JSON text each value stands, so that one of them can be changed and every other byte stays as it is.
 *
 * Owns: those places, and putting changes into the text (pure). Does not own: reading the text (base/json-text), what is changed
 * (packets/packets-editing).
 *
 * Invariant: the text is valid JSON, and no name stands twice in one object: whoever calls has read it before. Anything else throws.
 */

import type { MemberNode, ValueNode } from '@humanwhocodes/momoa';
import { jsonTree } from '../base/json-text.ts';

/** A value and where it stands: from its first character to behind its last. */
export type JsonSpan =
  | { readonly kind: 'object'; readonly start: number; readonly end: number; readonly members: readonly JsonMember[] }
  | { readonly kind: 'array'; readonly start: number; readonly end: number; readonly items: readonly JsonSpan[] }
  | { readonly kind: 'scalar'; readonly start: number; readonly end: number };

/** A member of an object. */
export interface JsonMember {
  readonly name: string;
  readonly nameStart: number;
  readonly value: JsonSpan;
}

/** An object in a text. */
export type JsonObjectSpan = Extract<JsonSpan, { kind: 'object' }>;

/** A part of the text that becomes another. */
export interface TextChange {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The text with the changes in it, which do not overlap. */
export function changedText(text: string, changes: readonly TextChange[]): string {
  let result = text;
  for (const change of changes.toSorted((a, b) => b.start - a.start || b.end - a.end))
    result = result.slice(0, change.start) + change.text + result.slice(change.end);
  return result;
}

/** The member of that name. */
export function memberOf(object: JsonObjectSpan, name: string): JsonMember | undefined {
  return object.members.find((member) => member.name === name);
}

/** The value that the whole text is. */
export function jsonSpans(text: string): JsonSpan {
  return spanOf(jsonTree(text).body);
}

function spanOf(node: ValueNode): JsonSpan {
  const [start, end] = rangeOf(node);
  if (node.type === 'Array')
    return { kind: 'array', start, end, items: node.elements.map(({ value }) => spanOf(value)) };
  if (node.type !== 'Object') return { kind: 'scalar', start, end };
  const members = node.members.map(({ name, value }) => ({
    name: name.type === 'String' ? name.value : name.name,
    nameStart: rangeOf(name)[0],
    value: spanOf(value),
  }));
  return { kind: 'object', start, end, members };
}

function rangeOf({ range, type }: ValueNode | MemberNode['name']): readonly [start: number, end: number] {
  if (range === undefined) throw new Error(`bug: a ${type} without its place`);
  return range;
}

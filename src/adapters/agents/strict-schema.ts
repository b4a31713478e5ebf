/**
 * A JSON Schema in the form that OpenAI's structured outputs demand (https://platform.openai.com/docs/guides/structured-outputs, "strict").
 *
 * Owns: that rewriting. Does not own: the schema (turn/task-document), who needs it so (a file for each kind of agent).
 *
 * Invariant: whatever fits the rewritten schema fits the given one once nulls in the place of optional properties are left out. Every object names all of its properties
 * as required and allows no others, every value has a type: any other schema is refused before the model is asked.
 */
import type { Json, JsonObject } from '../../base/canonical-json.ts';
import { fieldsOf, listOf, objectOf, textsOf } from './line-fields.ts';

/** The schema, strict. */
export function strictSchema(schema: Json): Json {
  const given = objectOf(schema);
  if (given === null) return schema;
  if (given.type === 'object') return strictObject(given);
  if (given.type === 'array') return { ...given, items: strictSchema(given.items ?? {}) };
  return given.type === undefined ? withType(given) : given;
}

function strictObject(given: JsonObject): JsonObject {
  const properties = Object.entries(fieldsOf(given.properties));
  const required = textsOf(given.required);
  return {
    ...given,
    properties: Object.fromEntries(
      properties.map(([name, schema]) => {
        const strict = strictSchema(schema ?? {});
        return [name, required.includes(name) ? strict : { anyOf: [strict, { type: 'null' }] }];
      }),
    ),
    required: properties.map(([name]) => name),
    additionalProperties: false,
  };
}

/** The type of the values that are listed. */
function withType(given: JsonObject): JsonObject {
  const { const: only, ...rest } = given;
  const values = only === undefined ? listOf(given.enum) : [only];
  const isWhole = values.every((value) => Number.isSafeInteger(value));
  return { ...rest, type: isWhole ? 'integer' : 'string', enum: values };
}

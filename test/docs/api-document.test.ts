/** docs/api is what the operations in the code say; `npm run docs:update` writes it anew. */
import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { openApiDocument } from '../../src/daemon/api/document.ts';
import { OPERATIONS } from '../../src/daemon/api/operations.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};
const document = openApiDocument(version);

interface Described {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly description?: string }[];
}

describe('docs/api', () => {
  it('openapi.json is the document that the daemon serves', async () => {
    await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot('../../docs/api/openapi.json');
  });

  it('openapi.yaml says the same', async () => {
    await expect(stringify(document)).toMatchFileSnapshot('../../docs/api/openapi.yaml');
  });

  it('is a valid OpenAPI 3.1 document', async () => {
    const result = await new Validator().validate(structuredClone(document));
    expect(result).toEqual({ valid: true });
  });

  it('has every operation, and describes every parameter', () => {
    const operations = Object.values(document.paths as object as Record<string, Record<string, Described>>).flatMap(
      (path) => Object.values(path),
    );
    expect(operations.map(({ operationId }) => operationId).toSorted()).toEqual(Object.keys(OPERATIONS).toSorted());
    const mute = operations.flatMap(({ operationId, parameters = [] }) =>
      parameters.filter(({ description = '' }) => description === '').map(({ name }) => `${operationId}: ${name}`),
    );
    expect(mute).toEqual([]);
  });

  it('points to nothing that it does not have', () => {
    const { schemas, headers } = document.components as object as Record<string, Record<string, unknown>>;
    const known = { schemas, headers } as Record<string, Record<string, unknown> | undefined>;
    const text = JSON.stringify(document);
    const missing = [...text.matchAll(/#\/components\/(\w+)\/(\w+)/g)].filter(
      ([, kind = '', name = '']) => known[kind]?.[name] === undefined,
    );
    expect(missing.map(([reference]) => reference)).toEqual([]);
  });
});

/** docs/schemas is what the schemas in the code say; `npm run docs:update` writes it anew. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sha256 } from '../../src/base/sha256.ts';
import { configSchema, parseConfig } from '../../src/model/config.ts';
import { readPackets } from '../../src/packets/packets.ts';
import { readAnswer } from '../../src/turn/answer.ts';
import { packetsFileSchema } from './packets-file-schema.ts';

const examplesIn = (name: string): readonly string[] => {
  const text = readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
  return Array.from(text.matchAll(/^```json\n([\s\S]*?)^```/gm), (match) => match[1] ?? '');
};

const jsonSchema = (schema: z.ZodType): string =>
  `${JSON.stringify(z.toJSONSchema(schema, { io: 'input', reused: 'ref' }), null, 2)}\n`;

describe('docs/schemas', () => {
  it('packet.schema.json describes the packets file as it is read', async () => {
    await expect(jsonSchema(packetsFileSchema)).toMatchFileSnapshot('../../docs/schemas/packet.schema.json');
  });

  it('every example in packets.md lacks nothing, every one in agents.md is a config or a good answer', () => {
    for (const example of examplesIn('packets.md')) {
      const [reading] = readPackets(example, sha256).readings;
      expect(reading).toMatchObject({ missingFields: [], unknownFields: [] });
    }
    const [first, answer, ...others] = examplesIn('agents.md');
    expect(readAnswer(Buffer.from(answer ?? ''), 'review').kind).toBe('valid');
    for (const example of [first, ...others]) expect(() => parseConfig(example ?? '', 'agents.md')).not.toThrow();
    expect(others).toHaveLength(1);
  });

  it('config.schema.json describes the config as it is read', async () => {
    await expect(jsonSchema(configSchema)).toMatchFileSnapshot('../../docs/schemas/config.schema.json');
  });
});

/**
 * A whole packets file as a schema, for editors.
 *
 * Owns: what is around the packets of a file. Does not own: a packet (src/model/packet-schema), when the schema is written (schemas.test.ts).
 */
import { z } from 'zod';
import { BOUNDS } from '../../src/model/limits.ts';
import { packetSchema } from '../../src/model/packet-schema.ts';

const packetsListSchema = z.array(packetSchema).max(BOUNDS.packetsInFile);

/** `{"packets": […]}`, or a bare list. */
export const packetsFileSchema = z
  .union([z.looseObject({ $schema: z.string().optional(), packets: packetsListSchema }), packetsListSchema])
  .meta({ title: 'Pawl packets', description: 'Approved work packets for pawl.' });

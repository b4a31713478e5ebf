/**
 * Reads a packets file: what each packet says, what it lacks, and what its run is called.
 *
 * Owns: the file's shape, refusing what is invalid, the name and hash of each packet.
 * Does not own: the fields of one packet (packets/packet-fields), the input's types (model/packet-schema), reading the file itself (cli).
 *
 * Invariants: 1. One invalid packet refuses the whole file: nothing of it is recorded. 2. A packet that is only insufficient is
 * read, with what it lacks by name. 3. The same packet has the same run id.
 */
import { canonicalJson, isObject } from '../base/canonical-json.ts';
import { readJson } from '../base/json-text.ts';
import { quote } from '../base/sanitise.ts';
import type { Hash } from '../base/sha256.ts';
import { PawlError } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import type { PacketReading } from '../model/packet.ts';
import { packetSchema } from '../model/packet-schema.ts';
import { issueLines } from '../model/schema-issue.ts';
import { emptyPacket, invalidFields, missingFields, packetOf, unknownFields } from './packet-fields.ts';
import { runIdOf } from './packet-run-id.ts';

const PROBLEMS_SHOWN = 10;

/** What a packets file holds. */
export interface PacketsFile {
  /** One reading for each packet, in the file's order; the same packet twice is twice the same run id. */
  readonly readings: readonly PacketReading[];
  /** Fields beside `packets` that nobody reads. */
  readonly unknownFields: readonly string[];
}

/** Returns when a packets file of `bytes` bytes is small enough to be read. Throws PAWL_PACKETS_TOO_LARGE. */
export function assertPacketsSize(bytes: number, name: string): void {
  if (bytes <= BOUNDS.packetsFileBytes) return;
  throw tooLarge(name, `${bytes} bytes`, String(BOUNDS.packetsFileBytes));
}

/** What is known of a packets file beside its text. */
export interface PacketsSource {
  /** What errors call it: its path. */
  readonly name?: string;
  readonly sizeBytes?: number;
  readonly reader?: PacketsReader;
}

/** Who reads the packets, in the words of a refusal: what is refused, and what has not happened. */
export interface PacketsReader {
  readonly refused: string;
  readonly nothing: string;
}

/** Whoever reads a file to record its packets. */
const INTAKE: PacketsReader = { refused: 'The packets file', nothing: 'nothing in the file was recorded' };

/**
 * Every packet of the file's text, read and checked.
 * Throws PAWL_PACKETS_TOO_LARGE and PAWL_PACKETS_INVALID.
 */
export function readPackets(text: string, hash: Hash, source: PacketsSource = {}): PacketsFile {
  const { name = 'the packets', sizeBytes = text.length, reader = INTAKE } = source;
  assertPacketsSize(sizeBytes, name);
  const invalid = refusalOf(name, reader);
  const reading = readJson(text);
  if (reading.kind === 'wrong') throw invalid([reading.problem], reading.cause);
  return readDocument(reading.value, hash, name, invalid);
}

/** The same of a document that was parsed already. */
export function readPacketsDocument(document: unknown, hash: Hash, name = 'the packets'): PacketsFile {
  return readDocument(document, hash, name, refusalOf(name, INTAKE));
}

function readDocument(document: unknown, hash: Hash, name: string, invalid: Refusal): PacketsFile {
  const { packets, others } = packetsIn(document, invalid);
  if (packets.length > BOUNDS.packetsInFile) {
    throw tooLarge(name, `${packets.length} packets`, String(BOUNDS.packetsInFile));
  }
  const problems: string[] = [];
  const firstByHash = new Map<string, PacketReading>();
  const readings = packets.flatMap((given, index) => {
    const read = readOne(given, index + 1, hash, firstByHash);
    if ('problems' in read) {
      problems.push(...read.problems);
      return [];
    }
    return [read];
  });
  if (problems.length > 0) throw invalid(problems);
  return { readings, unknownFields: others };
}

function packetsIn(document: unknown, invalid: Refusal): { packets: readonly unknown[]; others: readonly string[] } {
  if (Array.isArray(document)) return { packets: document, others: [] };
  if (isObject(document) && Array.isArray(document.packets)) {
    const others = Object.keys(document).filter((name) => name !== 'packets' && name !== '$schema');
    return { packets: document.packets, others: others.slice(0, BOUNDS.filesListed).map((name) => quote(name)) };
  }
  throw invalid(['it is neither {"packets": […]} nor a list of packets']);
}

function readOne(
  given: unknown,
  place: number,
  hash: Hash,
  firstByHash: Map<string, PacketReading>,
): PacketReading | { readonly problems: readonly string[] } {
  const canonical = canonicalOf(given);
  if (canonical === null) return { problems: [`packet ${place}: it holds a value that JSON cannot carry exactly`] };
  if (canonical.length > BOUNDS.packetChars) {
    return { problems: [`packet ${place}: it is longer than ${BOUNDS.packetChars} characters`] };
  }
  const packetHash = hash(canonical);
  const first = firstByHash.get(packetHash);
  if (first !== undefined) return first;
  const reading = readFields(given, place, packetHash);
  if (!('problems' in reading)) firstByHash.set(packetHash, reading);
  return reading;
}

function readFields(
  given: unknown,
  place: number,
  packetHash: string,
): PacketReading | { readonly problems: readonly string[] } {
  const fallbackId = `packet-${place}`;
  if (!isObject(given)) {
    return {
      runId: runIdOf(fallbackId, packetHash),
      packetHash,
      given,
      packet: emptyPacket(fallbackId),
      missingFields: ['packet_object'],
      unknownFields: [],
    };
  }
  const checked = packetSchema.safeParse(given);
  if (!checked.success) {
    return { problems: issueLines(checked.error.issues).map((line) => `packet ${place}: ${line}`) };
  }
  const packet = packetOf(checked.data, fallbackId);
  const wrong = invalidFields(packet);
  if (wrong.length > 0) {
    const name = packet.taskId === fallbackId ? `packet ${place}` : `packet ${place} (${quote(packet.taskId)})`;
    return { problems: wrong.map((line) => `${name}: ${line}`) };
  }
  return {
    runId: runIdOf(packet.taskId, packetHash),
    packetHash,
    given,
    packet,
    missingFields: missingFields(packet),
    unknownFields: unknownFields(given),
  };
}

/** Null for what RFC 8785 cannot write (lone surrogates, infinities) and for nesting deeper than the stack. */
function canonicalOf(given: unknown): string | null {
  try {
    return canonicalJson(given);
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
}

function tooLarge(name: string, found: string, most: string): PawlError {
  return new PawlError({
    code: 'PAWL_PACKETS_TOO_LARGE',
    message: `The packets file has ${found}; the limit is ${most}.`,
    subject: name,
    hint: 'Split the file and submit the parts one after another; nothing in it was recorded.',
  });
}

type Refusal = (problems: readonly string[], cause?: unknown) => PawlError;

function refusalOf(name: string, { refused, nothing }: PacketsReader): Refusal {
  return (problems, cause) => {
    const shown = problems.slice(0, PROBLEMS_SHOWN);
    const rest = problems.length - shown.length;
    return new PawlError({
      code: 'PAWL_PACKETS_INVALID',
      message: `${refused} is refused: ${shown.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}.`,
      subject: name,
      hint: `Correct it and try again (docs/packets.md describes every field); ${nothing}.`,
      cause,
    });
  };
}

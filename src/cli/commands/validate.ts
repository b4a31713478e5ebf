/**
 * `pawl validate`: the sufficiency of each packet.
 *
 * Owns: its output. Does not own: the rules (core/packets). Writes nothing.
 */
import { EXIT } from '../../model/error-codes.ts';
import type { CommonOptions } from '../options.ts';
import type { Output } from '../output.ts';
import { readPacketsArgument } from '../packets-argument.ts';

/** Shows what each packet lacks; exit 3 when any lacks something. */
export async function validate(
  output: Output,
  _options: CommonOptions,
  [file = '']: readonly string[],
): Promise<number> {
  const { readings } = readPacketsArgument(process.cwd(), file);
  const packets = readings.map((reading) => ({
    taskId: reading.packet.taskId,
    runId: reading.runId,
    sufficient: reading.missingFields.length === 0,
    missingFields: reading.missingFields,
    warnings: reading.unknownFields.map((field) => `nobody reads ${field}`),
  }));
  const insufficient = packets.filter((packet) => !packet.sufficient).length;
  const summary = { total: packets.length, sufficient: packets.length - insufficient, insufficient };
  output.json({ summary, packets });
  const { colour } = output;
  for (const packet of packets) {
    output.line(
      `${packet.sufficient ? colour.green('✓') : colour.red('✗')} ${packet.taskId}  ${colour.dim(packet.runId)}`,
    );
    for (const field of packet.missingFields) output.line(`    lacks ${field}`);
    for (const warning of packet.warnings) output.line(`    ${colour.yellow('warning')} ${warning}`);
  }
  output.line(`${summary.sufficient} of ${summary.total} sufficient`);
  return insufficient === 0 ? EXIT.done : EXIT.blocked;
}

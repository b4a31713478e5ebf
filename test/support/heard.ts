/**
 * What a command says, kept instead of printed.
 *
 * Owns: that. Does not own: the command.
 */
import { Output } from '../../src/cli/output.ts';

/** An output whose lines and document a test reads. */
export class Heard extends Output {
  readonly lines: string[] = [];
  readonly logs: string[] = [];
  report: unknown = null;

  override line(text = ''): void {
    this.lines.push(text);
  }
  override json(value: unknown): void {
    this.report = JSON.parse(JSON.stringify(value));
  }
  override log(text: string): void {
    this.logs.push(text);
  }

  /** All lines of the result. */
  text(): string {
    return this.lines.join('\n');
  }
}

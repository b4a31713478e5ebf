/**
 * Kinds of options: what a value of theirs must be.
 *
 * Owns: reading values. Does not own: which options there are (command-table, packet-questions).
 */
import { InvalidArgumentError, Option } from 'commander';
import { AGENT_NAME, AGENT_NAME_RULE } from '../model/agent-name.ts';

/** A whole number from 1 to `most`. */
export function whole(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`);
  };
}

/** A port of TCP: 0 to 65535. */
export function portIn(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= PORT_MAX) return port;
  throw new InvalidArgumentError(`It must be a number from 0 to ${PORT_MAX}.`);
}

const PORT_MAX = 65_535;

/** The agent for every role. */
export function agentOption(description: string): Option {
  return new Option('--agent <name>', description).argParser((text: string) => {
    if (AGENT_NAME.test(text)) return text;
    throw new InvalidArgumentError(`It ${AGENT_NAME_RULE}.`);
  });
}

/** An option that may be given several times; its value is the list. */
export function several(flags: string, description: string): Option {
  return new Option(flags, `${description}; may be given several times`).argParser(
    (text: string, before?: readonly string[]) => [...(before ?? []), text],
  );
}

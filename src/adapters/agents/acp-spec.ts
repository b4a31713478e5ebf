/**
 * What the ACP worker is told when it is started.
 *
 * Owns: the spec's form, as text and read back. Does not own: making one (acp), doing it (acp-worker).
 */
import { canonicalJson } from '../../base/canonical-json.ts';
import {
  absolute,
  command,
  count,
  flag,
  list,
  nullable,
  object,
  oneOf,
  type Parsed,
  parse,
  passable,
  text,
} from '../../model/fields.ts';
import type { TurnSession } from '../../model/turn.ts';
import type { PermissionMode } from '../../ports/agent-adapter.ts';

/** One turn of an agent that speaks ACP. */
export interface AcpSpec {
  /** The agent's program and its arguments. */
  readonly argv: readonly string[];
  readonly session: TurnSession;
  readonly permission: PermissionMode;
  /** A mode as the agent names it; null: the one that its preset has, else the one it starts with. */
  readonly nativeMode: string | null;
  /** The config accepts the mode that the agent starts in. */
  readonly acceptsOwnMode: boolean;
  /** A model as the agent names it; null: its own choice. */
  readonly model: string | null;
  readonly allowedTools: readonly string[];
  readonly allowedCommands: readonly (readonly string[])[];
  readonly mcp: { readonly name: string; readonly command: string; readonly args: readonly string[] } | null;
  /** Absolute. */
  readonly worktree: string;
  /** Tokens that the session had reported when the turn began: its totals continue from there. */
  readonly usedTokensBefore: number;
}

/** The spec as one argument of a command line. */
export function encodeAcpSpec(spec: AcpSpec): string {
  return canonicalJson(spec);
}

/** The spec in `bytes`, or why they hold none. */
export function parseAcpSpec(bytes: Uint8Array): Parsed<AcpSpec> {
  return parse(bytes, (file): AcpSpec => {
    const session = object(file, 'session');
    return {
      argv: command(file, 'argv'),
      session: { id: nullable(session, 'id', text), isResume: flag(session, 'isResume') },
      permission: oneOf(file, 'permission', ['read', 'edit', 'bypass'] as const),
      nativeMode: nullable(file, 'nativeMode', text),
      acceptsOwnMode: flag(file, 'acceptsOwnMode'),
      model: nullable(file, 'model', text),
      allowedTools: list(file, 'allowedTools', text),
      allowedCommands: list(file, 'allowedCommands', (words, name) => list(words, name, passable)),
      mcp: nullable(file, 'mcp', (from, name) => {
        const server = object(from, name);
        return { name: text(server, 'name'), command: text(server, 'command'), args: list(server, 'args', passable) };
      }),
      worktree: absolute(file, 'worktree'),
      usedTokensBefore: count(file, 'usedTokensBefore'),
    };
  });
}

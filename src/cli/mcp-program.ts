/**
 * The MCP server as one file: what `pawl mcp` loads.
 *
 * Owns: showing its errors, as the errors of this file's own code. Does not own: the server (cli/commands/mcp).
 */
import { type McpOptions, mcp } from './commands/mcp.ts';
import { Output } from './output.ts';

/** Serves as `pawl mcp` does; shows what goes wrong and resolves with the exit code of that. */
export async function mcpProgram({ isJson, options: named }: Output, options: McpOptions): Promise<number> {
  const output = new Output(isJson, named);
  try {
    return await mcp(output, options);
  } catch (error) {
    return output.fail(error);
  }
}

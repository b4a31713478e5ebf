/**
 * The states of a run as a plain table, for those who must not load the machine.
 *
 * Owns: the text of src/model/state-table.ts. Does not own: when it is written (state-table.test.ts).
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { runMachine } from '../../machines/run/run.machine.ts';

const HEAD = `/**
 * Every state of a run by its path, as plain data: views read persisted snapshots and load no machine.
 *
 * Owns: tags and description of each. Does not own: the machine, of which it is made by \`npm run docs:update\`; a test fails when it is not
 * current.
 */
import type { StateFacts } from './state-tag.ts';
`;

/** The text of the module. */
export function stateTable(): string {
  return [HEAD, ...tableOf('RUN_STATES', 'The states of a run.', runMachine), ''].join('\n');
}

function tableOf(name: string, says: string, machine: AnyStateMachine): string[] {
  const entries = nodesBelow(machine.root).flatMap((node) => [
    `  ${keyOf(node)}: {`,
    `    tags: [${tagsOf(node)
      .map((tag) => `'${tag}'`)
      .join(', ')}],`,
    `    description: '${node.description}',`,
    '  },',
  ]);
  return [`/** ${says} */`, `export const ${name}: Readonly<Record<string, StateFacts>> = {`, ...entries, '};'];
}

function keyOf({ path }: AnyStateNode): string {
  return path.length === 1 ? String(path[0]) : `'${path.join('.')}'`;
}

/** Its own tags, and those of the states around it. */
function tagsOf(node: AnyStateNode): string[] {
  const around = node.parent === undefined ? [] : tagsOf(node.parent);
  return [...new Set([...around, ...node.tags])];
}

function nodesBelow(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states).flatMap((child) => [child, ...nodesBelow(child)]);
}

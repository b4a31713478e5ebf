/**
 * A packet that lacks nothing, and ways to change it.
 *
 * Owns: the packet. Does not own: what it means.
 */

/** A packet as a user writes it. */
export type Given = Record<string, unknown>;

/** A fresh packet that lacks nothing, in snake_case. */
export function goodPacket(): Given {
  return {
    task_id: 'TASK-1',
    approved: true,
    scm_target: {
      repo: 'acme/widgets',
      issue_number: 12,
      intended_branch: 'work/task-1',
      base_branch: 'main',
      provider: 'github',
    },
    scope: { goal: 'A goal', non_goals: ['No rewrite'], acceptance_criteria: ['It works'] },
    implementation: { instructions: ['Do it'] },
    verification: { commands: ['npm test'], expectations: ['It is green'] },
    review: { criteria: ['It is clear'], reviewer_plan: ['Read it'] },
    conflict_surface: ['src/widgets'],
  };
}

/** The packet without the field at a dotted path. */
export function without(packet: Given, path: string): Given {
  const [name = '', ...rest] = path.split('.');
  const { [name]: inner, ...others } = packet;
  return rest.length === 0 ? others : { ...others, [name]: without({ ...(inner as Given) }, rest.join('.')) };
}

/** The same packet with every snake_case name in camelCase. */
export function camelCased(value: Given): Given {
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? camelCased(inner as Given) : inner,
    ]),
  );
}

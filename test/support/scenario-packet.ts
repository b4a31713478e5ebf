/**
 * Packets and scripts of scenarios, as a user would write them.
 *
 * Owns: a good packet with overrides, step lists that leave a witness. Does not own: taking them in (scenario-repo).
 */

/** A step of the scripted agent, or a packet: plain JSON of a test's own making. */
export type Plain = Readonly<Record<string, unknown>>;

/** The verification of a good packet: a command that is always there and always succeeds. */
export const PASSING_COMMAND = 'true';

/** A sufficient packet on a branch and a surface of its own; `overrides` replace whole sections. */
export function packetOf(taskId: string, overrides: Plain = {}): Plain {
  const number = [...taskId].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 100_000, 7) + 1;
  return {
    task_id: taskId,
    approved: true,
    scm_target: { repo: 'acme/widget', issue_number: number, intended_branch: `work/${taskId}`, base_branch: 'main' },
    scope: { goal: `Do ${taskId}` },
    implementation: { instructions: `Write what ${taskId} asks for.` },
    verification: { commands: [PASSING_COMMAND] },
    review: { criteria: 'It does what was asked for.' },
    conflict_surface: [`work-of/${taskId}`],
    ...overrides,
  };
}

/** Writes a file of the worktree. */
export function write(path: string, text = `${path}\n`): Plain {
  return { do: 'write', path, text };
}

/** Answers; with fields over those of a good answer. */
export function answer(fields: Plain = {}): Plain {
  return { do: 'answer', ...fields };
}

/** Answers with a verdict. */
export function verdict(status: 'PASS' | 'FAIL' | 'BLOCKED', message = `The script says ${status}.`): Plain {
  const findings = status === 'PASS' ? [] : [{ severity: 'error', message }];
  return answer({ verdict: { status, summary: message, findings } });
}

/** The work of every purpose that goes well: a file of the packet's own, and PASS. */
export function goodWork(taskId: string): Readonly<Record<string, readonly Plain[]>> {
  return {
    implementation: [write(`work-of/${taskId}/done.txt`), answer()],
    fix: [write(`work-of/${taskId}/fixed.txt`), answer()],
    review: [verdict('PASS')],
    verification: [verdict('PASS')],
  };
}

/** The script with a line in `witness` as the first step of every list: how often each worker has really started. */
export function witnessed(
  witness: string,
  steps: Readonly<Record<string, readonly Plain[]>>,
): Record<string, readonly Plain[]> {
  return Object.fromEntries(
    Object.entries(steps).map(([key, list]) => [key, [{ do: 'witness', file: witness }, ...list]]),
  );
}

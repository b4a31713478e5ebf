/**
 * Packets and the config that the bench runs them with: the built-in scripted agent, one small change each.
 *
 * Owns: their content. Does not own: taking them in.
 */

/** `count` sufficient packets that do not conflict. */
export function packetsOf(count) {
  return Array.from({ length: count }, (_, n) => ({
    task_id: `BENCH-${n + 1}`,
    approval: { status: 'approved', approved_by: 'bench' },
    scm_target: { repo: 'bench/app', issue_number: n + 1, intended_branch: `bench/${n + 1}`, base_branch: 'main' },
    scope: { goal: `Change file ${n + 1}`, acceptance_criteria: [`out/${n + 1}.txt is there`] },
    implementation: { instructions: `Write out/${n + 1}.txt.` },
    verification: { commands: ['git --version'] },
    review: { criteria: ['It is there'] },
    conflict_surface: [`out/${n + 1}.txt`],
  }));
}

/** The config of a repository in which the scripted agent does what it should. */
export const CONFIG = {
  agents: {
    bench: {
      kind: 'scripted',
      steps: {
        implementation: [
          { do: 'write', path: 'out/1.txt', text: 'one\n' },
          { do: 'answer', summary: 'Wrote it.' },
        ],
        review: [{ do: 'answer', summary: 'Good.', verdict: { status: 'PASS', summary: 'Good.', findings: [] } }],
      },
    },
  },
  verification: { allow: ['git --version'] },
};

/**
 * The packets that a daemon is given while it is killed, and what their workers do (pure).
 *
 * Owns: three stories, by the number of the packet. Does not own: the site (daemon/site), the commands that a story needs (daemon/commander).
 */

/** What becomes of a packet: its work passes; it fails once and is retried; it is cancelled while it works. */
export type PacketStory = 'passes' | 'isRetried' | 'isCancelled';

/** A packet, as a packets file has it. */
export type Packet = Readonly<Record<string, unknown>>;

const STORIES: readonly PacketStory[] = ['isCancelled', 'passes', 'isRetried'];
/** Long enough for a daemon to be killed and started again meanwhile. */
const WORK_MS = 1_500;
const CANCELLED_MS = 60_000;

/** The verification of every packet: a script that leaves a witness line, too. */
export const VERIFICATION = 'sh verify.sh';

/** That script: the mark of a task is `<run>/<task>/<nonce>`. */
export function verificationScript(witness: string): string {
  return `echo "$(echo "$PAWL_TASK_MARK" | cut -d/ -f1) $(echo "$PAWL_TASK_MARK" | cut -d/ -f2) $$ 0" >> '${witness}'\n`;
}

/** The task id of a packet. */
function taskIdOf(number: number): string {
  return `packet-${number}`;
}

/** The number of the packet with that task id. */
export function numberOf(taskId: string): number {
  return Number(taskId.slice(taskId.indexOf('-') + 1));
}

/** The story of the packet with that task id. */
export function storyOf(taskId: string): PacketStory {
  return STORIES[numberOf(taskId) % STORIES.length] ?? 'passes';
}

/** The packet with that number. */
export function packetOf(number: number): Packet {
  const taskId = taskIdOf(number);
  return {
    task_id: taskId,
    approved: true,
    scm_target: {
      repo: 'demo/daemon',
      issue_number: number + 1,
      intended_branch: `pawl/${taskId}`,
      base_branch: 'main',
    },
    scope: { goal: 'Survive the daemon' },
    implementation: { instructions: 'Write a file.' },
    verification: { commands: [VERIFICATION] },
    review: { criteria: ['It is there'] },
    conflict_surface: [`work/${taskId}`],
  };
}

/** The script of the scripted agent for so many packets: a witness line always first. */
export function scriptsOf(witness: string, packets: number): object {
  const first = { do: 'witness', file: witness };
  const answer = { do: 'answer' };
  const tasks = Array.from({ length: packets }, (_, number) => {
    const taskId = taskIdOf(number);
    const work = [{ do: 'write', path: `work/${taskId}/done.txt`, text: 'done\n' }, answer];
    const steps = {
      passes: { implementation: [first, { do: 'sleep', ms: WORK_MS }, ...work] },
      isRetried: { implementation: [first, ...work], 'implementation.a1': [first, { do: 'exit', code: 3 }] },
      isCancelled: { implementation: [first, { do: 'sleep', ms: CANCELLED_MS }, ...work] },
    }[storyOf(taskId)];
    return [taskId, { ...steps, fix: [first, answer], review: [first, answer] }] as const;
  });
  return { implementation: [first, answer], review: [first, answer], tasks: Object.fromEntries(tasks) };
}

/**
 * Where the kernel itself keeps a trial inside: namespaces in which all but the sandbox is read-only and there is no network.
 *
 * Owns: making them, entering them, counting what was tried on the network inside. Does not own: when a trial uses it (guard).
 *
 * A holder process keeps the namespaces while nobody is in them; it ends when this process does. Its environment and arguments do not name the
 * sandbox: who looks for processes of the sandbox does not find it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * How a jail is made. `privileged`: as root; who is inside keeps its pid, and may be killed by it. `user`: in a user namespace, and then in a PID
 * namespace too: a process in a user namespace cannot look at its user's processes outside of it, so it must not see them.
 */
export type JailKind = 'privileged' | 'user';

/** Every kind, the one first under which pids mean the same inside and outside. */
export const JAIL_KINDS: readonly JailKind[] = ['privileged', 'user'];

/** A jail that stands, or why there is none. */
export type JailResult =
  | { readonly kind: 'jail'; readonly jail: Jail }
  | { readonly kind: 'none'; readonly why: string };

/** Namespaces around one sandbox. */
export interface Jail {
  readonly kind: JailKind;
  /** What to start so that `argv` runs inside, in the folder that it is started in. */
  wrap(argv: readonly string[]): readonly string[];
  /** How often the network was tried inside, null when it cannot be told any more. */
  attempts(): number | null;
  /** Nobody can enter any more; with a PID namespace, whatever is inside ends. */
  close(): void;
}

const READY = 'ready';
const READY_MS_MAX = 5_000;
const POLL_MS = 2;

const MAKE: Readonly<Record<JailKind, readonly string[]>> = {
  privileged: ['--mount', '--net'],
  user: ['--user', '--map-root-user', '--mount', '--net', '--pid', '--fork', '--kill-child=SIGKILL'],
};
const ENTER: Readonly<Record<JailKind, string>> = {
  privileged: '--mount --net',
  user: '--preserve-credentials --user --mount --net --pid',
};
/** Lines of the input: the sandbox, the kind of jail; then it waits for the end of the input. What it has to say it says in a file of the sandbox. */
const HOLDER = `
IFS= read -r root && read -r kind || exit 1
say() { printf '%s\n' "$1" >"$root/guard.jail.new" && mv "$root/guard.jail.new" "$root/guard.jail"; }
fail() { say "$1"; exit 1; }
read -r pid _ </proc/self/stat
mount --make-rprivate / && mount --bind "$root" "$root" || fail 'mounts are not permitted'
if [ "$kind" = user ]; then mount -t proc proc /proc || fail 'a /proc of its own is not permitted'; fi
while read -r _ _ _ _ escaped options _; do
  target=$(printf '%b' "$escaped" && echo .) && target=\${target%.}
  case "$target" in /proc | /proc/* | "$root" | "$root"/*) continue ;; esac
  case "$options" in rw*) ;; *) continue ;; esac
  mount -o "remount,bind,ro\${options#rw}" "$target" || fail "$target cannot be made read-only"
done </proc/self/mountinfo
if command -v ip >/dev/null; then ip link set lo up; fi
cd / && say "${READY} $pid"
read -r _
`;
/** Entering a mount namespace leads to its top: back to where it was started. */
const RETURN = 'cd "$0" && exec "$@"';
/** Words of /proc/net/snmp and snmp6 that count what was sent, or could not be. */
const COUNTED: Readonly<Record<string, readonly string[]>> = {
  Ip: ['OutRequests', 'OutNoRoutes', 'OutDiscards'],
  Tcp: ['ActiveOpens'],
  Udp: ['OutDatagrams'],
};
const COUNTED6 = ['Ip6OutRequests', 'Ip6OutNoRoutes', 'Ip6OutDiscards'];

/** A jail around the sandbox, whose path has no links in it. It is of the first of `kinds` that this system permits. */
export function openJail(root: string, kinds: readonly JailKind[]): JailResult {
  const none = (why: string): JailResult => ({ kind: 'none', why });
  if (process.platform !== 'linux') return none(`${process.platform} has no namespaces`);
  if (root.includes('\n')) return none('the path of the sandbox contains a line break');
  const missing = ['unshare', 'nsenter', 'mount'].find((name) => spawnSync(name, ['--version']).status !== 0);
  if (missing !== undefined) return none(`there is no ${missing}(1)`);
  let result = none('no kind of jail was tried');
  for (const kind of kinds) {
    result = opened(root, kind);
    if (result.kind === 'jail') break;
  }
  return result;
}

function opened(root: string, kind: JailKind): JailResult {
  const none = (why: string): JailResult => ({ kind: 'none', why });
  const holder = spawn('unshare', [...MAKE[kind], 'sh', '-c', HOLDER], {
    env: { PATH: process.env.PATH },
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  holder.on('error', () => undefined); // It has no pid then, which is looked at.
  const { pid, stdin } = holder;
  if (pid === undefined || stdin === null) return none('unshare(1) could not be started');
  stdin.on('error', () => undefined); // It has ended: what it said, or did not say, tells why.
  stdin.write(`${root}\n${kind}\n`);
  holder.unref();
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  const [word = '', inner] = (awaitWord(join(root, 'guard.jail'), pid) ?? '').split(/ (?=\d+$)/);
  if (word === READY && inner !== undefined) return { kind: 'jail', jail: jailOf(kind, holder, Number(inner)) };
  holder.kill('SIGKILL');
  return none(word === '' ? 'namespaces are not permitted here' : word);
}

function jailOf(kind: JailKind, holder: ChildProcess, pid: number): Jail {
  const before = countAt(pid) ?? 0;
  const enter = `exec nsenter ${ENTER[kind]} --target ${pid} -- sh -c '${RETURN}' "$PWD" "$@"`;
  return {
    kind,
    wrap: (argv) => ['sh', '-c', enter, 'jail', ...argv],
    attempts: () => {
      const now = countAt(pid);
      return now === null ? null : now - before;
    },
    close: () => {
      holder.stdin?.destroy();
      holder.kill('SIGKILL');
    },
  };
}

/** What the holder has to say, null when it ends without a word. It cannot be waited for in any other way without giving up the caller's turn. */
function awaitWord(path: string, pid: number): string | null {
  const endMs = performance.now() + READY_MS_MAX;
  const bell = new Int32Array(new SharedArrayBuffer(4));
  while (performance.now() < endMs) {
    if (existsSync(path)) {
      const word = readFileSync(path, 'utf8').trim();
      rmSync(path);
      return word;
    }
    if (!isRunning(pid)) return null;
    Atomics.wait(bell, 0, 0, POLL_MS);
  }
  return `no word within ${READY_MS_MAX} ms`;
}

/** A child of ours that has ended stays a zombie until our turn is over. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false; // No such process: that is the answer.
  }
}

/** What was sent, or could not be, in the network namespace of a process; null when it is gone. */
function countAt(pid: number): number | null {
  try {
    const [text, text6] = ['snmp', 'snmp6'].map((name) => readFileSync(`/proc/${pid}/net/${name}`, 'utf8'));
    return count(text ?? '') + count6(text6 ?? '');
  } catch {
    return null; // The holder has gone, and with it what it counted.
  }
}

/** Pairs of lines: `Ip: NAME NAME …`, then `Ip: 1 2 …`. */
function count(text: string): number {
  const names = new Map<string, readonly string[]>();
  let sum = 0;
  for (const line of text.split('\n')) {
    const [key = '', ...words] = line.split(' ');
    const header = names.get(key);
    if (header === undefined) names.set(key, words);
    else
      header.forEach((name, n) => {
        if (COUNTED[key.replace(':', '')]?.includes(name) === true) sum += Number(words[n]);
      });
  }
  return sum;
}

/** Lines `NAME 1`. */
function count6(text: string): number {
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([name = '']) => COUNTED6.includes(name))
    .reduce((sum, [, value]) => sum + Number(value), 0);
}

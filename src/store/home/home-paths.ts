/**
 * Where the daemon keeps its own state (pure).
 *
 * Owns: which folder that is, the names in it, where the socket is. Does not own: making or reading any of it.
 */
import { isAbsolute, join } from 'node:path';
import { sha256 } from '../../base/sha256.ts';
import { PawlError } from '../../model/error.ts';
import type { LockPlace } from '../generation-lock.ts';
import { generationDigits } from '../registry-paths.ts';

/** What a path of a Unix socket may have at most, its last byte not counted: `sun_path` of Linux and of macOS. */
const SOCKET_BYTES_MAX = { linux: 107, darwin: 103 } as const;
const HASH_DIGITS = 12;

/** The paths of one state folder. */
export class HomePaths implements LockPlace {
  /** Absolute. */
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  lock(generation: number): string {
    return join(this.root, `lock.${generationDigits(generation)}`);
  }
  released(generation: number): string {
    return join(this.root, `released.${generationDigits(generation)}`);
  }
  /** What the daemon that runs says of itself. */
  get daemonFile(): string {
    return join(this.root, 'daemon.json');
  }
  get tokenFile(): string {
    return join(this.root, 'token');
  }
  get projects(): string {
    return join(this.root, 'projects');
  }
  get changes(): string {
    return join(this.root, 'changes');
  }
  get logFile(): string {
    return join(this.root, 'daemon.log');
  }
}

/** What decides where the state is. */
export interface HomePlace {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The user's home folder. */
  readonly homedir: string;
}

/** `$PAWL_HOME`, else `$XDG_STATE_HOME/pawl`, else `~/.local/state/pawl`. Throws PAWL_USAGE for a relative one. */
export function homeFolder({ environment, homedir }: HomePlace): string {
  const own = environment.PAWL_HOME ?? '';
  if (own !== '') return absolute('PAWL_HOME', own);
  const state = environment.XDG_STATE_HOME ?? '';
  // The XDG specification has relative values ignored.
  return isAbsolute(state) ? join(state, 'pawl') : join(homedir, '.local', 'state', 'pawl');
}

/** What decides where the socket is, besides the state folder. */
export interface SocketPlace {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly temporaryFolder: string;
  readonly uid: number;
}

/** The path of the socket: in the state folder, or, where that is too long a path for a socket, in a short folder of this user's. */
export function socketPath({ root }: HomePaths, place: SocketPlace): string {
  const { environment, platform, temporaryFolder, uid } = place;
  const own = join(root, 'sock');
  if (Buffer.byteLength(own) <= socketBytesMax(platform)) return own;
  const name = sha256(root).slice(0, HASH_DIGITS);
  const runtime = environment.XDG_RUNTIME_DIR ?? '';
  return isAbsolute(runtime)
    ? join(runtime, `pawl-${name}`, 'sock')
    : join(temporaryFolder, `pawl-${uid}-${name}`, 'sock');
}

/** How many bytes the path of a socket may have there. */
export function socketBytesMax(platform: string): number {
  return platform === 'darwin' ? SOCKET_BYTES_MAX.darwin : SOCKET_BYTES_MAX.linux;
}

function absolute(name: string, folder: string): string {
  if (isAbsolute(folder)) return folder;
  throw new PawlError({
    code: 'PAWL_USAGE',
    message: `${name} must be an absolute path, not ${folder}.`,
    subject: name,
    hint: 'Set it to an absolute path, or unset it.',
  });
}

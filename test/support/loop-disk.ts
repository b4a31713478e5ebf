/**
 * A disk of our own: an ext4 file system in a file, mounted by a loop device, of which a moment can be kept as a power cut would leave it.
 *
 * Owns: making it, mounting it, keeping a moment and going back to it, leaving nothing mounted. Does not own: what is done on it (the test).
 *
 * Invariants: 1. Everything lies below one temporary folder, and is unmounted and removed at the end, whatever has failed. 2. A moment holds
 * what the file system has given to its device, and nothing of what only memory held: that is lost.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  constants,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DISK_BYTES = 48 * 1024 * 1024;
const UNMOUNT_TRIES = 50;
const KEEP_TRIES = 50;

/** A disk that lies in a file. */
export class LoopDisk {
  readonly #root = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-disk-')));
  #image = join(this.#root, 'image');
  /** How often it has gone back. */
  #cuts = 0;
  /** Where it is mounted; always the same. */
  readonly path = join(this.#root, 'disk');
  /** A folder beside it, which no cut touches. */
  readonly beside = join(this.#root, 'beside');

  constructor() {
    mkdirSync(this.path);
    mkdirSync(this.beside);
    writeFileSync(this.#image, '');
    truncateSync(this.#image, DISK_BYTES);
    execFileSync('mkfs.ext4', ['-q', '-F', this.#image], { stdio: 'pipe' });
  }

  mount(): void {
    execFileSync('mount', ['-o', 'loop', this.#image, this.path], { stdio: 'pipe' });
  }

  /**
   * It is not mounted here. Whoever was killed a moment ago may hold it for a moment longer, and a worker of another test, in a mount namespace that was made
   * meanwhile, for as long as it lives.
   */
  unmount(): void {
    // Whoever else holds it keeps the system from writing what is left by itself.
    if (this.#isMounted()) execFileSync('sync', ['--file-system', this.path], { stdio: 'pipe' });
    for (let n = 1; this.#isMounted(); n += 1) {
      const { status, stderr } = spawnSync('umount', [this.path], { encoding: 'utf8' });
      if (status !== 0 && n >= UNMOUNT_TRIES) throw new Error(`umount ${this.path}: ${stderr}`);
      if (status !== 0) spawnSync('sleep', ['0.1']);
    }
  }

  #isMounted(): boolean {
    return spawnSync('mountpoint', ['-q', this.path]).status === 0;
  }

  /**
   * The disk as it is now, under that name. The kernel writes on by itself, also when nobody else does: what was read while it did is of no one
   * moment, and no cut would leave it. Two copies in a row that are the same are of the moment between them.
   */
  keep(name: string): void {
    const [first, second] = [join(this.#root, name), join(this.#root, `${name}.again`)];
    for (let n = 1; n <= KEEP_TRIES; n += 1) {
      for (const copy of [first, second]) copyFileSync(this.#image, copy, constants.COPYFILE_FICLONE);
      if (spawnSync('cmp', ['--silent', first, second]).status === 0) return;
    }
    throw new Error(`${this.#image} does not stand still`);
  }

  /**
   * The disk is what was kept under that name; it must not be mounted. It lies in another file from now on: a device that somebody still holds remembers what was in
   * the one before.
   */
  goBack(name: string): void {
    rmSync(this.#image);
    this.#cuts += 1;
    this.#image = join(this.#root, `image-${this.#cuts}`);
    copyFileSync(join(this.#root, name), this.#image, constants.COPYFILE_FICLONE);
  }

  /** Nothing is mounted, no device is attached, the files are gone. */
  remove(): void {
    try {
      this.unmount();
    } catch {
      // Somebody still holds it: it is detached from its place, so that the folder can go, and ends when they do.
      spawnSync('umount', ['--lazy', this.path]);
    }
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** Why this machine mounts no disk from a file, null when it does. */
export function whyNoLoopDisk(): string | null {
  if (process.platform !== 'linux') return 'there are no loop devices but on Linux';
  if (process.getuid?.() !== 0) return 'mounting takes root';
  let disk: LoopDisk | null = null;
  try {
    disk = new LoopDisk();
    disk.mount();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    disk?.remove();
  }
}

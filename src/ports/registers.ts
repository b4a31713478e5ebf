/**
 * Registers: values that are written once, and the folders that hold them.
 *
 * Owns: the port. Does not own: files (store/file-registers), what a value means (turn/task-files and others).
 *
 * Invariants (L3, L6): 1. The first value stands for ever. 2. A reader sees a whole value or none. 3. The winner is the contestant whose bytes stand, not the one that was told
 * first: the bytes of contestants must differ (a nonce).
 */

/** What a register holds after an attempt to be first. */
export interface RegisterResult {
  readonly isWinner: boolean;
  /** The value that stands: ours or another's. */
  readonly bytes: Uint8Array;
}

/** The registers of one registry, by their absolute paths. */
export interface Registers {
  /**
   * The register has a value, durably: `bytes` if nobody was first. Its folder must exist. `bytesMax`: the size limit of a value.
   * Rejects with PAWL_STORE_NO_LINKS where the store cannot tell who was first.
   */
  link(path: string, bytes: Uint8Array, bytesMax?: number): Promise<RegisterResult>;
  /** The value, null when nobody was first yet. Says nothing about durability. */
  read(path: string, bytesMax?: number): Promise<Uint8Array | null>;
  /** The value, durable, so that it may be journaled; null when nobody was first yet. */
  readSettled(path: string, bytesMax?: number): Promise<Uint8Array | null>;
  /** True when something has that name. */
  has(path: string): Promise<boolean>;
  /** The names in the folder, sorted; none when it is absent. */
  names(folder: string): Promise<readonly string[]>;
  /**
   * The folders are there, durably, with their ancestors. `later`: a folder that the caller itself settles before anything relies on what is in it; its
   * entries are not settled here.
   */
  makeFolders(folders: readonly string[], later?: string): Promise<void>;
  /** Whatever was read in the folder is durable. */
  settle(folder: string): Promise<void>;
  /** When the content of `path` was last changed or touched, in ms since the epoch; null when nothing is there. */
  changedAtMs(path: string): Promise<number | null>;
  /** Calls `onChange` after something in the folder changed; changes can be missed, so callers poll too. Returns a function that ends the watch. */
  watch(folder: string, onChange: () => void): () => void;
}

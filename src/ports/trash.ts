/**
 * Removing folders.
 *
 * Owns: the port. Does not own: what may be removed (engine/clean-run).
 */

/** The trash of one registry. */
export interface TrashPort {
  /** Bytes that the folder takes up on the disk; 0 when there is none. */
  bytesOf(path: string): Promise<number>;
  /** The folder is gone from its place, durably and at once. Nothing happens where there is none. */
  take(path: string): Promise<void>;
  /** Deletes everything that was moved here. Returns the bytes that it took up. */
  empty(): Promise<number>;
}

/**
 * Taking folders away.
 *
 * Owns: the port. Does not own: what may be taken away (engine/clean-run).
 */

/** The trash of one registry. */
export interface TrashPort {
  /** Bytes that the folder takes up on the disk; 0 when there is none. */
  bytesOf(path: string): number;
  /** The folder is gone from its place, durably and at once. Nothing happens where there is none. */
  take(path: string): Promise<void>;
  /** Everything that was taken is deleted. Returns the bytes that it took up. */
  empty(): number;
}

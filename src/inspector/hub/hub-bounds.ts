/**
 * The bounds of the hub (L9), named in one place.
 *
 * Owns: the numbers. Does not own: keeping to them.
 */

/** What the hub allows itself and its clients. */
export const HUB_BOUNDS = {
  connections: 256,
  clients: 32,
  /** A client that is refused and does not hang up is hung up on. */
  refusalMs: 1_000,
  /** A message of a page. */
  requestBytes: 16 * 1024,
  /** Answers that one page may be waiting for. */
  openRequests: 32,
  /** A client that takes nothing for so long is released. */
  slowMs: 20_000,
  /** Records read, folded or sent at a time. */
  recordsAtOnce: 100,
  /** Records folded at a time where many may do so at once: a late client of the stream. */
  foldsAtOnce: 20,
  /** A page waits no longer for the list of runs; those that are not known by then are told one by one. */
  listMs: 1_000,
  /** A registry that no client looks at any more is still watched for so long: whoever comes back has it at once. */
  siteRestMs: 30_000,
  /** Those who choose a project are told no sooner again how the runs stand. */
  countsMs: 500,
  /** How often it is looked at whether the token was replaced. */
  tokenMs: 1_000,
  /** How often files are looked at, whatever watching says. */
  pollMs: 100,
  /** Runs looked at in one such round; the watched ones always. */
  runsPerPoll: 128,
  /** How often it is looked at who drives, and what lives. */
  pulseMs: 1_000,
  /** A look at the whole of a run is followed by so many times its length without one. */
  restFactor: 10,
  /** Changes within this time are one. */
  settleMs: 10,
  folderWatches: 1_000,
  /** How often the task folders of a run that somebody looks at are looked at. */
  filesPollMs: 250,
  /** A look at them serves everybody for so long. */
  filesFreshMs: 200,
  /** Where nothing but the length of outputs has changed, files are told again no sooner. */
  sizesMs: 1_000,
  /** Of the tasks that have ended one in so many is looked at closely at each look; the others by their folder alone. */
  endedTasksTurn: 20,
  tasksShown: 2_000,
  outputReadBytes: 128 * 1024,
  outputChars: 32 * 1024,
  textChars: 8_192,
  documentMembers: 20_000,
  proofMembers: 100_000,
  artifactBytes: 8 * 1024 * 1024,
  proofBytes: 16 * 1024 * 1024,
  assetBytes: 16 * 1024 * 1024,
  portTries: 10,
} as const;

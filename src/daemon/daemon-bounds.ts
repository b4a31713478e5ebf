/**
 * The bounds of the daemon (L9), named in one place.
 *
 * Owns: the numbers. Does not own: keeping to them.
 */

/** What the daemon allows itself and its clients. */
export const DAEMON_BOUNDS = {
  /** Of the socket and of TCP, each. */
  connections: 512,
  /** Event streams, outputs that are followed and multiplexed sockets together. */
  streams: 256,
  /** A body, but for packets. */
  bodyBytes: 64 * 1024,
  headerBytes: 16 * 1024,
  /** A request that is not whole by then is cut. */
  headersMs: 10_000,
  requestMs: 60_000,
  /** How often it is looked which those are. */
  lookForLateMs: 2_000,
  idleMs: 30_000,
  /** A connection on which nothing moves for so long is cut: nobody takes the answer. Longer than any request and any command may take. */
  silentMs: 120_000,
  /** A client that takes nothing of a stream for so long is cut: longer than between two comments, which everybody takes. */
  slowMs: 20_000,
  /** A comment on event streams, so that both sides know of a connection that is gone. */
  heartbeatMs: 15_000,
  /** Multiplexed sockets, and channels of one of them. */
  muxSockets: 64,
  muxChannels: 32,
  /** A message of a client. */
  muxMessageBytes: 16 * 1024,
  /** Messages of one client that wait to be heard. */
  muxMessages: 64,
  /** Messages in a row that cannot be understood. */
  muxBadMessages: 3,
  muxFrameBytes: 256 * 1024,
  /** Bytes of output in a message: as JSON one byte takes up to six, and all of them fit a frame. */
  muxOutputBytes: 40 * 1024,
  /** A client that leaves two pings unanswered is cut when the third is due: after 30 s. */
  pingMs: 15_000,
  pingsUnanswered: 2,
  /** Whoever is refused a handshake and does not hang up is hung up on. */
  refusalMs: 1_000,
  /** Changes sent at a time. */
  changesAtOnce: 200,
  runsPerPage: 200,
  runsPerPageMax: 1_000,
  eventsPerPage: 200,
  eventsPerPageMax: 1_000,
  /** Bytes of output in one answer or one event. */
  outputBytes: 1024 * 1024,
  /** How long an answer may be made to wait for something new. */
  waitMs: 10_000,
  /** How long a command waits for its decision before it is answered with 202. */
  commandMs: 10_000,
  /** Runs that one request cleans, and how long it goes on with the next one; and runs whose findings an answer names. */
  cleanedRuns: 100,
  cleanMs: 10_000,
  recoveredRuns: 1_000,
  /** How long answers that are under way may take at the end of the daemon. */
  answersMs: 2_000,
  /** How long the end of the daemon waits for short work. */
  drainMs: 15_000,
  /** How often projects are looked at for what nothing tells: a changed config, a remote, a folder that has moved. */
  projectLookMs: 5_000,
  /** How long an answer waits for what git says of a repository; what was known before is shown then. */
  lookMs: 10_000,
  /** How often guards are looked at: what costs next to nothing, and what asks the disk. */
  guardQuickMs: 1_000,
  guardSlowMs: 30_000,
  /** Where the feed could not be written, it is tried again. */
  feedRetryMs: 2_000,
  feed: { ageMs: 30 * 86_400_000, count: 1_000_000, bytes: 256 * 1024 * 1024 },
  logBytes: 10 * 1024 * 1024,
  logFiles: 5,
} as const;

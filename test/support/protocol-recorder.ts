/**
 * Ports that note what a runner reads, asks and does about one task, in the words of the modelled protocol.
 *
 * Owns: a recording FsPort and ProcessesPort around others. Does not own: judging the order (protocol-admits).
 */
import { basename } from 'node:path';
import type { ProcessIdentity } from '../../src/base/process-identity.ts';
import { TASK_FILES } from '../../src/model/request.ts';
import type { FsPort } from '../../src/ports/fs.ts';
import type { ProcessesPort } from '../../src/ports/processes.ts';

const READS: Readonly<Record<string, string>> = {
  [TASK_FILES.claim]: 'reads the claim',
  [TASK_FILES.agent]: 'reads agent.json',
  [TASK_FILES.outcome]: 'reads the outcome',
};
const STATS: Readonly<Record<string, string>> = { [TASK_FILES.outcome]: 'looks for an outcome' };
const LINKS: Readonly<Record<string, string>> = {
  [TASK_FILES.claim]: 'links its revocation as the claim',
  [TASK_FILES.outcome]: 'links outcome',
};

/** What is noted, and who is the host of the task. */
export interface Recording {
  readonly steps: string[];
  isHost(identity: ProcessIdentity): boolean;
  /** Told of each step before it is taken. */
  before: ((step: string) => void) | null;
}

/** The step is about to be taken. Returns the way to note that it was. */
function announce(recording: Recording, step: string): () => void {
  recording.before?.(step);
  return () => void recording.steps.push(step);
}

/** The steps of runner A, in the names of the model. */
export function stepsOfA(recording: Recording): readonly string[] {
  return recording.steps.map((step) => `runner A: ${step}`);
}

/** `fs`, an object of functions, noting reads and links of registers. */
export function recordingFs(fs: FsPort, recording: Recording): FsPort {
  const noting = <T>(names: Readonly<Record<string, string>>, path: string, body: () => T): T => {
    const name = names[basename(path)];
    if (name === undefined) return body();
    const note = announce(recording, name);
    // A register that is not there was read, one that could not be linked was not.
    if (names !== LINKS) note();
    const result = body();
    if (names === LINKS) note();
    return result;
  };
  return {
    ...fs,
    open: (path, mode) => (mode === 'r' ? noting(READS, path, () => fs.open(path, mode)) : fs.open(path, mode)),
    stat: (path) => noting(STATS, path, () => fs.stat(path)),
    link: (existing, path) => noting(LINKS, path, () => fs.link(existing, path)),
  };
}

/** `processes`, noting judgements, sightings and signals. */
export function recordingProcesses(processes: ProcessesPort, recording: Recording): ProcessesPort {
  return {
    self: () => processes.self(),
    life: (identity) => {
      const isHost = recording.isHost(identity);
      const life = processes.life(identity);
      announce(recording, isHost ? `judges the host: ${life}` : 'looks at the tree (worker)')();
      return life;
    },
    signal: (identity, signal) => {
      const note = announce(
        recording,
        recording.isHost(identity) ? 'kills the host' : 'kills what it has seen of the tree',
      );
      const isSent = processes.signal(identity, signal);
      if (isSent) note();
      return isSent;
    },
    tree: (handle) => {
      announce(recording, 'looks at the tree (worker)')();
      return processes.tree(handle);
    },
    work: (handle) => processes.work(handle),
    startHost: (start) => {
      announce(recording, 'starts a host')();
      return processes.startHost(start);
    },
  };
}

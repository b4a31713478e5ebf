/**
 * Which repository of a forge an address means, and whether a packet means the same one.
 *
 * Owns: reading addresses as git takes them (gitremote-helpers, git-clone(1) "Git URLs"). Does not own: asking git for the address of
 * origin (adapters/git), what follows from a difference (packets/preflight).
 *
 * Invariants: 1. Hosts, owners and names are compared without regard to letter case, as forges do. 2. A path on this machine names no
 * repository of a forge: it neither confirms nor contradicts a packet.
 */

const WITH_SCHEME =
  /^(?:git\+|svn\+)?(?:ssh|https?|git|ftps?)(?:\+git)?:\/\/(?:[^/@]*@)?(\[[^\]]*\]|[^/:]*)(?::\d*)?\/(.*)$/i;
/** `user@host:path`: no slash before the first colon, or it would be a path; a single letter would be a drive. */
const LIKE_SCP = /^(?:[^/:@]+@)?(\[[^\]]+\]|[^/:@]{2,}):(?!\/\/)(.+)$/;
const LOCAL = /^(?:file:|\/|\.|~|[A-Za-z]:[\\/])/i;

/** True when two words for a repository (`owner/name`, or an address) mean the same one, on the same host where both name one. */
export function isRepository(word: string, other: string): boolean {
  const [one, another] = [placeOf(word), placeOf(other)];
  return one.path === another.path && areHostsAlike(one.host, another.host);
}

/**
 * What an address means, where a packet's word means another repository: `owner/name` with all groups in front, and the host before it where that
 * alone differs. Null where both mean the same one, and for a path on this machine.
 */
export function otherRepositoryAt(address: string, word: string): string | null {
  const place = placeAt(address);
  if (place === null || isRepository(word, address)) return null;
  return place.path === repositoryKey(word) ? `${place.host}/${place.path}` : place.path;
}

/** `owner/name` in small letters, however a packet spells it. */
export function repositoryKey(word: string): string {
  return placeOf(word).path;
}

interface Place {
  /** Null where none is named. */
  readonly host: string | null;
  readonly path: string;
}

function placeAt(address: string): Place | null {
  const text = address.trim();
  if (LOCAL.test(text)) return null;
  const [, host, path] = WITH_SCHEME.exec(text) ?? LIKE_SCP.exec(text) ?? [];
  return host === undefined || path === undefined ? null : { host: host.toLowerCase(), path: plain(decoded(path)) };
}

/** Of `github.com/acme/widgets`, as people write it, too: a first part with a dot, in front of at least two others, is a host. */
function placeOf(word: string): Place {
  const [first = '', ...rest] = word.trim().split('/');
  const isHost = rest.length > 1 && first.includes('.');
  const written = isHost
    ? { host: first.toLowerCase(), path: plain(rest.join('/')) }
    : { host: null, path: plain(word) };
  return placeAt(word) ?? written;
}

/** A name without a dot is one of the user's own (an alias of ssh) and says nothing; `ssh.github.com` is another door to `github.com`. */
function areHostsAlike(one: string | null, other: string | null): boolean {
  if (one === null || other === null || !one.includes('.') || !other.includes('.')) return true;
  return one === other || one.endsWith(`.${other}`) || other.endsWith(`.${one}`);
}

function plain(path: string): string {
  return path
    .trim()
    .replace(/^\/+|\/+$/g, '')
    .replace(/\.git$/i, '')
    .replace(/\/+$/, '')
    .toLowerCase();
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    // A percent sign that encodes nothing: it is part of the name.
    if (error instanceof URIError) return path;
    throw error;
  }
}

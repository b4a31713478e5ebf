/**
 * Which repository of a forge an address means, and whether a packet means the same one.
 *
 * Owns: reading addresses as git takes them (gitremote-helpers, git-clone(1) "Git URLs"). Does not own: asking git for the address of
 * origin (adapters/git), what follows from a difference (core/preflight).
 *
 * Invariants: 1. Hosts, owners and names are compared without regard to letter case, as forges do. 2. A path on this machine names no
 * repository of a forge: it neither confirms nor contradicts a packet.
 */

const WITH_SCHEME =
  /^(?:git\+|svn\+)?(?:ssh|https?|git|ftps?)(?:\+git)?:\/\/(?:[^/@]*@)?(\[[^\]]*\]|[^/:]*)(?::\d*)?\/(.*)$/i;
/** `user@host:path`: no slash before the first colon, or it would be a path; a single letter would be a drive. */
const LIKE_SCP = /^(?:[^/:@]+@)?(\[[^\]]+\]|[^/:@]{2,}):(?!\/\/)(.+)$/;
const LOCAL = /^(?:file:|\/|\.|~|[A-Za-z]:[\\/])/i;

/** `owner/name` (with all groups in front) of the repository that an address means; null for a path on this machine. */
export function repositoryAt(address: string): string | null {
  const text = address.trim();
  if (LOCAL.test(text)) return null;
  const path = (WITH_SCHEME.exec(text) ?? LIKE_SCP.exec(text))?.[2];
  return path === undefined ? null : plain(decoded(path));
}

/** True when a packet's word for its repository (`owner/name`, or an address) means `repository`. */
export function isRepository(word: string, repository: string): boolean {
  return repositoryKey(word) === plain(repository);
}

/** `owner/name` in small letters, however a packet spells it. */
export function repositoryKey(word: string): string {
  return plain(repositoryAt(word) ?? withoutHost(word));
}

/** `github.com/acme/widgets` as people write it: a first part with a dot, in front of at least two others, is a host. */
function withoutHost(word: string): string {
  const parts = word.trim().split('/');
  return parts.length > 2 && parts[0]?.includes('.') ? parts.slice(1).join('/') : word;
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

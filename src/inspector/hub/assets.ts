/**
 * The files of the built page.
 *
 * Owns: finding them by the path of a request, their types, the headers of every answer. Does not own: who may ask (hub/access).
 *
 * Invariant: no path of a request ever reaches the file system: it is looked up among the names that the folder was found to hold.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { systemCode } from '../../model/error.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.map': 'application/json; charset=utf-8',
};

/** A file as it is answered. */
export interface Asset {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** The files of one folder, by the paths of requests. */
export class Assets {
  readonly #folder: string;
  #paths: ReadonlyMap<string, string>;

  constructor(folder: string) {
    this.#folder = folder;
    this.#paths = pathsIn(folder);
  }

  /** The file at `path` (`/` is index.html), null when there is none. */
  get(path: string): Asset | null {
    const name = path === '/' ? '/index.html' : path;
    // No folder is read again for what cannot be in it.
    if (TYPES[extname(name)] === undefined) return null;
    return this.#read(name) ?? this.#readAnew(name);
  }

  /** Built anew since: the names are other ones. */
  #readAnew(name: string): Asset | null {
    this.#paths = pathsIn(this.#folder);
    return this.#read(name);
  }

  #read(name: string): Asset | null {
    const file = this.#paths.get(name);
    const type = TYPES[extname(name)];
    if (file === undefined || type === undefined) return null;
    try {
      const bytes = readFileSync(file);
      return bytes.length > HUB_BOUNDS.assetBytes ? null : { type, bytes };
    } catch (error) {
      if (systemCode(error) !== undefined) return null;
      throw error;
    }
  }
}

/** Plain files below the folder; links are none. */
function pathsIn(folder: string): ReadonlyMap<string, string> {
  if (!existsSync(folder)) return new Map();
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    entries.map(({ parentPath, name }) => {
      const file = join(parentPath, name);
      return [`/${relative(folder, file).split(sep).join('/')}`, file];
    }),
  );
}

/** The headers of every answer. `frames`: the origin that a page of ours may show inside of it, null: none. */
export function headersFor(port: number, frames: string | null = null): Readonly<Record<string, string>> {
  // 'self' is enough for most browsers; for ::1 the policy has no form.
  const sockets = ['127.0.0.1', 'localhost'].map((name) => `ws://${name}:${port}`).join(' ');
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "worker-src 'self'",
    `connect-src 'self' ${sockets}`,
    `frame-src ${frames ?? "'none'"}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return {
    'Content-Security-Policy': policy.join('; '),
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
  };
}

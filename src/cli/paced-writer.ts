/**
 * Writing much to stdout or stderr: no faster than it is read, and no longer than anybody reads.
 *
 * Owns: waiting for the stream, writing small texts together, noticing that the reader has gone. Does not own: what is written.
 *
 * Invariants: 1. What waits to be written is bounded (L9). 2. A text waits for others only while there is something to read at once. 3. After the reader
 * has gone, `signal` is aborted and every call returns at once.
 */
import type { Writable } from 'node:stream';

const TOGETHER_CHARS = 64 * 1024;

/** Writes to one stream as fast as it takes it. */
export class PacedWriter {
  readonly #stream: Writable;
  readonly #gone: AbortController;
  #texts: string[] = [];
  #chars = 0;
  #isDue = false;
  #isFull = false;

  /** `gone` is aborted when the stream fails, as a pipe does whose reader has gone. */
  constructor(stream: Writable, gone: AbortController) {
    this.#stream = stream;
    this.#gone = gone;
    // How the process ends is decided where the command line is (cli/pawl); here it only ends the waiting.
    stream.on('error', () => gone.abort());
  }

  /** The text is on its way, soon. Resolves when the stream takes more. */
  async text(text: string): Promise<void> {
    if (text === '') return;
    this.#texts.push(text);
    this.#chars += text.length;
    if (this.#chars >= TOGETHER_CHARS) return this.flush();
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.#writeTexts());
  }

  /** The bytes are on their way, after all texts. Resolves when the stream takes more. */
  async bytes(bytes: Uint8Array): Promise<void> {
    this.#writeTexts();
    this.#write(bytes);
    await this.#drained();
  }

  /** All texts are on their way. Resolves when the stream takes more. */
  async flush(): Promise<void> {
    this.#writeTexts();
    await this.#drained();
  }

  #writeTexts(): void {
    this.#isDue = false;
    if (this.#texts.length === 0) return;
    const text = this.#texts.join('');
    this.#texts = [];
    this.#chars = 0;
    this.#write(text);
  }

  #write(chunk: string | Uint8Array): void {
    if (!this.#gone.signal.aborted) this.#isFull = !this.#stream.write(chunk);
  }

  async #drained(): Promise<void> {
    const { signal } = this.#gone;
    if (signal.aborted || !this.#isFull) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        this.#stream.off('drain', go);
        signal.removeEventListener('abort', go);
        resolve();
      };
      this.#stream.once('drain', go);
      signal.addEventListener('abort', go, { once: true });
    });
    this.#isFull = false;
  }
}

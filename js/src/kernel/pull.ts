// A file, fetched from the kernel in chunks, or pushed by it.

import { type Conversation, delay } from "./conversation.ts";

const CHUNK = 1024 * 1024; // bytes, as in delivery.py; chunks of 64 KiB ran into Jupyter's message limit
const MOST_IN_FLIGHT = 4;
const TRIES = 8;

export interface Progress {
  received: number; // bytes
  waiting: boolean; // for a kernel that is silent
}

type Bytes = Uint8Array<ArrayBuffer>;

/** How fast this page gets chunks. */
export interface Link {
  rate?: number; // bytes a second
}

/** One file of `size` bytes, as far as it is here. Goes on where it was when it is pulled again. */
export class Transfer {
  readonly size: number;
  #parts: Blob[] = [];
  #received = 0;
  #awaited = new Map<number, (bytes: Bytes) => void>();

  constructor(size: number) {
    this.size = size;
  }

  get isWhole(): boolean {
    return this.#received === this.size;
  }

  get missing(): number {
    return this.size - this.#received;
  }

  get blob(): Blob {
    return new Blob(this.#parts, { type: "video/mp4" });
  }

  /** A chunk has come. */
  accept(offset: number, bytes: Bytes): void {
    const index = offset / CHUNK;
    if (this.#parts[index] || bytes.length !== Math.min(CHUNK, this.size - offset)) return;
    // Wrapped at once: a Blob's bytes need not stay in the page's memory.
    this.#parts[index] = new Blob([bytes]);
    this.#received += bytes.length;
    this.#awaited.get(index)?.(bytes);
  }

  /**
   * Asks for the chunks of job `key` that are missing, as many at a time as the link brings in a second. One
   * that stays away for `patience` milliseconds, while nothing else of the file comes either, is asked for
   * again once the kernel has shown that it is there: a busy kernel is waited for. Ends when the file is
   * whole or `signal` aborts; rejects with what the kernel said, or when a chunk did not come after 8 tries.
   */
  async pull(
    conversation: Conversation,
    key: string,
    link: Link,
    signal: AbortSignal,
    report: (progress: Progress) => void,
    patience = 5000,
  ): Promise<void> {
    const begun = performance.now();
    const before = this.#received;
    let lastArrival = 0;
    let waiting = 0;
    let waited = false;

    const chunk = async (index: number): Promise<void> => {
      const offset = index * CHUNK;
      const length = Math.min(CHUNK, this.size - offset);
      const tries: Promise<unknown>[] = [new Promise((resolve) => this.#awaited.set(index, resolve))];
      while (tries.length <= TRIES) {
        tries.push(
          conversation.ask({ kind: "chunk", key, offset, length }).then((reply) => {
            if (!reply.ok) throw new Error([reply.error.message, reply.error.hint].filter(Boolean).join(" "));
            if (reply.total !== this.size) throw new Error("The file has changed since it was made.");
            if (reply.bytes?.length !== length)
              throw new Error("A piece of the file came without its bytes.");
            this.accept(offset, reply.bytes);
            return true;
          }),
        );
        const answer = Promise.race(tries);
        const asked = performance.now();
        let quiet = patience;
        while (quiet > 0) {
          if (await Promise.race([answer, delay(quiet)])) return;
          quiet = Math.max(asked, lastArrival) + patience - performance.now();
        }
        if (signal.aborted) return;
        waiting++;
        waited = true;
        report({ received: this.#received, waiting: true });
        // A hello that is sent now is answered after the chunk, if that still comes.
        const passed = conversation.alive().then(() => conversation.hello());
        const came = await Promise.race([answer, passed]);
        waiting--;
        if (came) return;
      }
      throw new Error("The kernel answers, but the file does not arrive.");
    };

    let next = 0;
    let inFlight = 0;
    await new Promise<void>((resolve, reject) => {
      const more = (): void => {
        const window = Math.max(1, Math.min(MOST_IN_FLIGHT, Math.round((link.rate ?? 0) / CHUNK)));
        for (; inFlight < window && next * CHUNK < this.size && !signal.aborted; next++) {
          if (this.#parts[next]) continue;
          inFlight++;
          chunk(next).then(arrived, reject);
        }
        if (!inFlight || signal.aborted) resolve();
      };
      const arrived = (): void => {
        inFlight--;
        lastArrival = performance.now();
        // Less than a chunk tells of the way there and back alone.
        if (!waited && this.#received - before >= CHUNK)
          link.rate = ((this.#received - before) / (lastArrival - begun)) * 1000;
        report({ received: this.#received, waiting: waiting > 0 });
        more();
      };
      signal.addEventListener("abort", () => resolve());
      more();
    });
  }
}

// A file, fetched from the kernel in pieces.

import type { Conversation } from "./conversation.ts";

const CHUNK = 1024 * 1024; // bytes; pieces of 64 KiB ran into Jupyter's message limit
const IN_FLIGHT = 4;
const TRIES = 8;

export interface Progress {
  received: number; // bytes
  waiting: boolean; // for a kernel that is silent
}

/**
 * The file of job `key`, of `size` bytes. A piece that stays away for `patience` milliseconds, while nothing else of the
 * file comes either, is asked for again once the kernel has shown that it is there: a busy kernel is waited for.
 * Rejects with what the kernel said, or when a piece did not come after 8 tries.
 */
export async function pull(
  conversation: Conversation,
  key: string,
  size: number,
  signal: AbortSignal,
  report: (progress: Progress) => void,
  patience = 5000,
): Promise<Blob> {
  const parts: Blob[] = [];
  let next = 0;
  let received = 0;
  let lastArrival = 0;
  let waiting = 0;

  async function piece(offset: number): Promise<Uint8Array<ArrayBuffer>> {
    const length = Math.min(CHUNK, size - offset);
    const tries: Promise<Uint8Array<ArrayBuffer>>[] = [];
    while (tries.length < TRIES) {
      tries.push(
        conversation.ask({ kind: "chunk", key, offset, length }).then((reply) => {
          if (!reply.ok) throw new Error([reply.error.message, reply.error.hint].filter(Boolean).join(" "));
          if (reply.total !== size) throw new Error("The file has changed since it was made.");
          if (reply.bytes?.length !== length) throw new Error("A piece of the file came without its bytes.");
          return reply.bytes;
        }),
      );
      const answer = Promise.race(tries);
      const asked = performance.now();
      let quiet = patience;
      while (quiet > 0) {
        const bytes = await Promise.race([answer, delay(quiet)]);
        if (bytes) return bytes;
        quiet = Math.max(asked, lastArrival) + patience - performance.now();
      }
      signal.throwIfAborted();
      waiting++;
      report({ received, waiting: true });
      const bytes = await Promise.race([answer, conversation.alive()]);
      waiting--;
      report({ received, waiting: waiting > 0 });
      if (bytes) return bytes;
    }
    throw new Error("The kernel answers, but the file does not arrive.");
  }

  async function lane(): Promise<void> {
    while (next < size && !signal.aborted) {
      const offset = next;
      next += CHUNK;
      const bytes = await piece(offset);
      // Wrapped at once: a Blob's bytes need not stay in the page's memory.
      parts[offset / CHUNK] = new Blob([bytes]);
      received += bytes.length;
      lastArrival = performance.now();
      report({ received, waiting: waiting > 0 });
    }
  }

  try {
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  } finally {
    next = size; // one lane has failed: the others end after the piece in hand
  }
  signal.throwIfAborted();
  return new Blob(parts, { type: "video/mp4" });
}

function delay(milliseconds: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, undefined));
}

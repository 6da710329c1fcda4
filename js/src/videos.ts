// The videos that this page has fetched, by job. They live as long as the widget's model, and serve all of its views.

import type { Conversation } from "./conversation.ts";
import type { JobRow } from "./messages.ts";
import { pull } from "./pull.ts";

export type Loading =
  | { state: "queued" }
  | { state: "loading"; received: number; waiting: boolean }
  | { state: "ready"; url: string }
  | { state: "failed"; message: string };

export class Videos {
  #conversation: Conversation;
  #changed: () => void;
  #signal: AbortSignal;
  #loads = new Map<string, Loading>();
  #queue: { key: string; size: number }[] = [];
  #busy = false;

  constructor(conversation: Conversation, signal: AbortSignal, changed: () => void) {
    this.#conversation = conversation;
    this.#changed = changed;
    this.#signal = signal;
    signal.addEventListener("abort", () => {
      for (const load of this.#loads.values()) revoke(load);
      this.#loads.clear();
    });
  }

  get(key: string): Loading | undefined {
    return this.#loads.get(key);
  }

  /** Fetches the video of `job` that is not here, the next one after that which is on its way. */
  load(job: JobRow): void {
    if (!job.video) return;
    this.#loads.set(job.key, { state: "queued" });
    this.#queue.unshift({ key: job.key, size: job.video.size });
    this.#changed();
    void this.#work();
  }

  /** Lets go of the videos whose jobs are no longer listed. */
  keep(jobs: JobRow[]): void {
    const listed = new Set(jobs.map((job) => job.key));
    for (const [key, load] of this.#loads) {
      if (listed.has(key)) continue;
      revoke(load);
      this.#loads.delete(key);
    }
  }

  // One at a time: four pieces in flight are as much as a slow link takes.
  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    await null; // whatever is asked for now is in the queue then, the newest first
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      const { key, size } = next;
      if (this.#loads.has(key)) await this.#fetch(key, size);
    }
    this.#busy = false;
  }

  async #fetch(key: string, size: number): Promise<void> {
    const show = (load: Loading) => {
      if (this.#signal.aborted || !this.#loads.has(key)) return revoke(load);
      this.#loads.set(key, load);
      this.#changed();
    };
    show({ state: "loading", received: 0, waiting: false });
    try {
      const blob = await pull(this.#conversation, key, size, this.#signal, (progress) =>
        show({ state: "loading", ...progress }),
      );
      show({ state: "ready", url: URL.createObjectURL(blob) });
    } catch (error) {
      show({ state: "failed", message: (error as Error).message });
    }
  }
}

function revoke(load: Loading): void {
  if (load.state === "ready") URL.revokeObjectURL(load.url);
}

// The videos and posters that this page has, by job. They live as long as the widget's model, and serve all
// of its views. A video's bytes come by the first transport that works: from the page's own server, pulled
// from the kernel, or pushed by it.

import type { Conversation } from "./conversation.ts";
import { ending, fileServer } from "./host.ts";
import type { JobRow, VideoRow } from "./messages.ts";
import { type Link, type Progress, Transfer } from "./pull.ts";

const PATIENCE = 5; // seconds: what would take longer is fetched when it is asked for

export type Transport = "url" | "pull" | "push";

export type Loading =
  | { state: "queued" }
  | ({ state: "loading" } & Progress)
  | { state: "asking" } // it would take long: the person decides
  | { state: "ready"; url: string; transport: Transport }
  | { state: "broken" } // the browser cannot decode it
  | { state: "failed"; message: string };

export class Videos {
  readonly link: Link = {};

  #conversation: Conversation;
  #changed: () => void;
  #root: () => string | null;
  #signal: AbortSignal;
  #loads = new Map<string, Loading>();
  #transfers = new Map<string, Transfer>();
  #queue: { job: JobRow; wanted: boolean }[] = [];
  #busy = false;
  #pause = new AbortController();
  #posters = new Map<string, string>(); // "" while it is asked for
  #without = new Set<string>(); // keys of the videos that have no poster

  /** `root`: the folder that the page's server shows, where the kernel knows it. */
  constructor(
    conversation: Conversation,
    signal: AbortSignal,
    changed: () => void,
    root: () => string | null,
  ) {
    this.#conversation = conversation;
    this.#changed = changed;
    this.#root = root;
    this.#signal = signal;
    conversation.onPush = this.#pushed;
    signal.addEventListener("abort", () => {
      this.pause();
      for (const load of this.#loads.values()) revoke(load);
      for (const url of this.#posters.values()) URL.revokeObjectURL(url);
      this.#loads.clear();
    });
  }

  get(key: string): Loading | undefined {
    return this.#loads.get(key);
  }

  /**
   * Fetches the video of `job` that is not here, before those that wait. `wanted`: by the person, however
   * long it takes.
   */
  load(job: JobRow, wanted = true): void {
    if (!job.video) return;
    this.#loads.set(job.key, { state: "queued" });
    this.#queue.unshift({ job, wanted });
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
      this.#transfers.delete(key);
    }
  }

  /** Nobody looks: what is under way stops, and what has come of it is kept for `load`. */
  pause(): void {
    this.#pause.abort();
    this.#pause = new AbortController();
    this.#queue = [];
    for (const [key, { state }] of this.#loads)
      if (state === "queued" || state === "loading") this.#loads.delete(key);
  }

  /** The browser could not play it: because of what is in it, or because the server no longer gives it. */
  async refused(job: JobRow): Promise<void> {
    const load = this.#loads.get(job.key);
    if (load?.state !== "ready" || !job.video) return;
    const broken = load.transport !== "url" || (await this.#served(job.video));
    if (broken) this.#show(job.key, { state: "broken" });
    else {
      this.#show(job.key, { state: "queued" });
      void this.#pull(job, false);
    }
  }

  /** The URL of the poster of `job`, which is asked for when it is not here. */
  poster({ key }: JobRow): string | undefined {
    const known = this.#posters.get(key);
    if (known === undefined) {
      this.#posters.set(key, "");
      void this.#conversation.ask({ kind: "poster", key }).then((reply) => {
        if (!reply.ok) return;
        if (reply.bytes)
          this.#posters.set(key, URL.createObjectURL(new Blob([reply.bytes], { type: "image/jpeg" })));
        else this.#without.add(key);
        this.#changed();
      });
    }
    return known || undefined;
  }

  /**
   * The player of `key` shows a frame: it becomes the poster, where there is none. `jpeg` gives it in base64.
   */
  shown(key: string, jpeg: () => string | undefined): void {
    if (!this.#without.delete(key)) return;
    const frame = jpeg();
    if (frame) void this.#conversation.ask({ kind: "keep_poster", key, jpeg: frame });
  }

  // One at a time: what is in flight for one is as much as the link takes.
  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    await null; // whatever is asked for now is in the queue then, the newest first
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      const { job, wanted } = next;
      const video = job.video as VideoRow;
      if (!this.#loads.has(job.key)) continue;
      const url = await this.#served(video);
      if (url) this.#show(job.key, { state: "ready", url, transport: "url" });
      else await this.#pull(job, wanted);
    }
    this.#busy = false;
  }

  /** The URL at which the page's server has this file, if it does. */
  async #served(video: VideoRow): Promise<string | undefined> {
    const server = fileServer();
    const slashes = (text: string) => text.replaceAll("\\", "/");
    const root = slashes(this.#root() || server?.root || "").replace(/\/*$/, "/");
    const path = slashes(video.path);
    if (!server || !path.startsWith(root)) return undefined;
    const name = path.slice(root.length).split("/").map(encodeURIComponent).join("/");
    try {
      const answer = await fetch(server.url + name, {
        headers: { Range: "bytes=0-31" },
        signal: this.#pause.signal,
      });
      void answer.body?.cancel();
      // A page that asks for a login answers 200.
      const here = answer.status === 206 && answer.headers.get("Content-Range")?.endsWith(`/${video.size}`);
      return here ? answer.url : undefined;
    } catch {
      return undefined;
    }
  }

  async #pull(job: JobRow, wanted: boolean): Promise<void> {
    const { key } = job;
    const { size } = job.video as VideoRow;
    const transfer = this.#transfer(key, size);
    const { signal } = this.#pause;
    const enough = ending(signal);
    const long = () => !wanted && transfer.missing > PATIENCE * (this.link.rate ?? Infinity);
    const report = (progress: Progress) => {
      if (long()) enough.abort();
      else if (!transfer.isWhole) this.#show(key, { state: "loading", ...progress });
    };
    if (!long()) {
      report({ received: size - transfer.missing, waiting: false });
      try {
        await transfer.pull(this.#conversation, key, this.link, enough.signal, report);
      } catch (error) {
        if (!transfer.isWhole) this.#show(key, { state: "failed", message: (error as Error).message });
        return;
      }
    }
    if (signal.aborted) return;
    if (transfer.isWhole) this.#finish(key, transfer, "pull");
    else this.#show(key, { state: "asking" });
  }

  #pushed = (key: string, offset: number, size: number, bytes: Uint8Array<ArrayBuffer>): void => {
    const load = this.#loads.get(key);
    if (!load || load.state === "ready") return;
    const transfer = this.#transfer(key, size);
    transfer.accept(offset, bytes);
    if (transfer.isWhole) this.#finish(key, transfer, "push");
    else this.#show(key, { state: "loading", received: size - transfer.missing, waiting: false });
  };

  #transfer(key: string, size: number): Transfer {
    const known = this.#transfers.get(key);
    if (known?.size === size) return known;
    const transfer = new Transfer(size);
    this.#transfers.set(key, transfer);
    return transfer;
  }

  #finish(key: string, transfer: Transfer, transport: Transport): void {
    if (this.#loads.get(key)?.state === "ready") return;
    this.#transfers.delete(key);
    this.#show(key, { state: "ready", url: URL.createObjectURL(transfer.blob), transport });
  }

  #show(key: string, load: Loading): void {
    if (this.#signal.aborted || !this.#loads.has(key)) revoke(load);
    else {
      this.#loads.set(key, load);
      this.#changed();
    }
  }
}

function revoke(load: Loading): void {
  if (load.state === "ready" && load.transport !== "url") URL.revokeObjectURL(load.url);
}

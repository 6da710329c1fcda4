// The videos and posters that this page has, by job. They live as long as the widget's model, and serve all
// of its views. A video's bytes come by the first transport that works: from the page's own server or the
// object store that has them, pulled from the kernel, or pushed by it. A player is given the server's URL at
// once. Whether they come from there is found out meanwhile, once a folder: of the others in it, the player
// itself says it.

import type { Conversation } from "./conversation.ts";
import { ending, fileServer } from "./host.ts";
import type { VideoRow } from "./messages.ts";
import { type Link, type Progress, Transfer } from "./pull.ts";

const PATIENCE = 5; // seconds: what would take longer is fetched when it is asked for
const MOST_KEPT = 12; // videos whose bytes are in the page
const RECENT = 10_000; // milliseconds: a store's URL that is no older has not expired

/** What has a video, or may have one: a job, or an entry of the wall. */
export interface Clip {
  key: string;
  video: VideoRow | null;
}

export type Transport = "url" | "pull" | "push";

export type Loading =
  | { state: "queued" }
  | ({ state: "loading" } & Progress)
  | { state: "asking" } // it would take long: the person decides
  | { state: "ready"; url: string; transport: Transport; since?: number } // when a store's URL was given
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
  #queue: { job: Clip; wanted: boolean }[] = [];
  #served = new Map<string, Promise<boolean>>(); // by the URL of the folder
  #played = new Set<string>(); // folders of a store
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

  /** What is looked at is kept before what is not. */
  get(key: string): Loading | undefined {
    const load = this.#loads.get(key);
    if (load) {
      this.#loads.delete(key);
      this.#loads.set(key, load);
    }
    return load;
  }

  /**
   * Fetches the video of `job` that is not here, before those that wait; at once where the page's server has
   * its folder. `wanted`: by the person, however long it takes.
   */
  load(job: Clip, wanted = true): void {
    if (!job.video) return;
    const url = this.#url(job.video);
    const load: Loading = url ? { state: "ready", url, transport: "url" } : { state: "queued" };
    this.#loads.set(job.key, load);
    if (url)
      void (this.#served.get(folder(url)) ?? this.#look(url, job.video)).then((is) => {
        if (!is) this.#elsewhere(job, load, wanted);
      });
    else if (job.video.path.includes("://")) void this.#borrow(job, wanted, folder(job.video.path));
    else this.#line(job, wanted);
    this.#changed();
  }

  /** Nobody looks: what is under way stops, and what has come of it is kept for `load`. */
  pause(): void {
    this.#pause.abort();
    this.#pause = new AbortController();
    this.#queue = [];
    for (const [key, load] of this.#loads)
      if (
        load.state === "ready"
          ? load.transport === "url" && !load.since
          : load.state === "queued" || load.state === "loading"
      )
        this.#loads.delete(key);
  }

  /**
   * The browser could not play it: because of what is in it, or because the server no longer gives it. A
   * `player` whose URL has expired goes on where it was.
   */
  async refused(job: Clip, player: HTMLVideoElement): Promise<void> {
    const load = this.#loads.get(job.key);
    if (load?.state !== "ready" || !job.video) return;
    const { since, transport } = load;
    const url = since && Date.now() - since > RECENT && (await this.signed(job.key));
    const broken = transport !== "url" || (!since && (await this.#look(load.url, job.video)));
    if (this.#loads.get(job.key) !== load) return;
    if (broken) this.#show(job.key, { state: "broken" });
    else if (url) {
      player.autoplay = !player.paused;
      this.#show(job.key, { ...load, url: `${url}#t=${player.currentTime}`, since: Date.now() });
    } else {
      this.#played.delete(folder(job.video.path));
      this.#elsewhere(job, load, true);
    }
  }

  /** The URL of the poster of `job`, which is asked for when it is not here. */
  poster({ key }: Clip): string | undefined {
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

  /** `load`, by the server, is not to be had there. */
  #elsewhere(job: Clip, load: Loading, wanted: boolean): void {
    if (this.#loads.get(job.key) !== load) return;
    this.#show(job.key, { state: "queued" });
    this.#line(job, wanted);
  }

  /** The URL by which a store gives a video for a while, if it does: never kept. */
  async signed(key: string): Promise<string | false | null> {
    const reply = await this.#conversation.ask({ kind: "url", key });
    return reply.ok && reply.url;
  }

  // A page may play what it may not fetch: the first of a folder is tried by a player.
  async #borrow(job: Clip, wanted: boolean, from: string): Promise<void> {
    const { key } = job;
    const url = await this.signed(key);
    const is = url && (this.#played.has(from) || (await plays(url)));
    if (this.#loads.get(key)?.state !== "queued") return;
    if (is) {
      this.#played.add(from);
      this.#show(key, { state: "ready", url, transport: "url", since: Date.now() });
    } else this.#line(job, wanted);
  }

  #line(job: Clip, wanted: boolean): void {
    this.#queue.unshift({ job, wanted });
    void this.#work();
  }

  // One at a time: what is in flight for one is as much as the link takes.
  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    await null; // whatever is asked for now is in the queue then, the newest first
    for (let next = this.#queue.shift(); next; next = this.#queue.shift())
      if (this.#loads.has(next.job.key)) await this.#pull(next.job, next.wanted);
    this.#busy = false;
  }

  /** The URL at which the page's server has this file, if it serves its folder; "" if it cannot. */
  #url(video: VideoRow): string {
    const server = fileServer();
    const slashes = (text: string) => text.replaceAll("\\", "/");
    const root = slashes(this.#root() || server?.root || "").replace(/\/*$/, "/");
    const path = slashes(video.path);
    if (!server || !path.startsWith(root)) return "";
    return server.url + path.slice(root.length).split("/").map(encodeURIComponent).join("/");
  }

  /** Asks the page's server whether it has this file: what it says holds for the folder. */
  #look(url: string, video: VideoRow): Promise<boolean> {
    const answer = this.#asked(url, video).then((is) => {
      if (!is) this.#served.delete(folder(url)); // it may be this file alone
      return is;
    });
    this.#served.set(folder(url), answer);
    return answer;
  }

  async #asked(url: string, video: VideoRow): Promise<boolean> {
    try {
      const answer = await fetch(url, {
        headers: { Range: "bytes=0-31" },
        signal: this.#pause.signal,
        cache: "no-store", // the player would wait for its lock
      });
      void answer.body?.cancel();
      // A page that asks for a login answers 200.
      return answer.status === 206 && !!answer.headers.get("Content-Range")?.endsWith(`/${video.size}`);
    } catch {
      return false;
    }
  }

  async #pull(job: Clip, wanted: boolean): Promise<void> {
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
    const here = [...this.#loads].filter(([, load]) => load.state === "ready" && load.transport !== "url");
    for (const [key, load] of here.slice(0, -MOST_KEPT)) {
      revoke(load);
      this.#loads.delete(key);
    }
  }

  #show(key: string, load: Loading): void {
    if (this.#signal.aborted || !this.#loads.has(key)) revoke(load);
    else {
      this.#loads.set(key, load);
      this.#changed();
    }
  }
}

/** Whether a player can begin with it, within the patience that one has for that. */
function plays(src: string): Promise<boolean> {
  return new Promise((resolve) => {
    const video = document.createElement("video");
    const told = () => resolve(video.readyState > 0);
    video.onloadedmetadata = video.onerror = told;
    video.src = src;
    setTimeout(told, PATIENCE * 1000);
  });
}

function folder(url: string): string {
  return url.slice(0, url.lastIndexOf("/"));
}

function revoke(load: Loading): void {
  if (load.state === "ready" && load.transport !== "url") URL.revokeObjectURL(load.url);
}

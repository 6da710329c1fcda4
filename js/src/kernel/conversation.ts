// The conversation with the kernel: requests with ids of their own, and their answers.

import { allBuffers, fileServer, type Model } from "./host.ts";
import type { Failure, Kind, News, Payloads, Reply, Request } from "./messages.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export type Received<K extends Kind> =
  | ({ id: string; ok: true; bytes: Bytes | undefined; buffers: Bytes[] } & Payloads[K])
  | Failure;

type Resolve = (reply: Received<Kind>) => void;

export class Conversation {
  readonly model: Model;
  /** Kernel clock minus this page's, in seconds. */
  clockOffset = 0;
  /** Whether the kernel has ended: sending to it fails, for good. */
  gone = false;
  /** Whether it has ever answered: a saved widget has none that could. */
  heard = false;
  /** Whether the host loses what the kernel sends on its own: state must be asked for. */
  lossy = false;
  /** The revision up to which every change of a row is here. */
  rows: () => number = () => -1;
  /** Called with the answer to a hello: what was missed, and where traits do not get here, the state. */
  onNews: (news: Payloads["hello"]) => void = () => {};
  /** Called when it is found that the kernel has ended. */
  onEnd: () => void = () => {};
  /** Called with a chunk that comes unasked. */
  onPush: (key: string, offset: number, size: number, bytes: Bytes) => void = () => {};

  #name = Math.random().toString(36).slice(2, 10); // a page's own, since answers go to every page
  #count = 0;
  #open = new Map<string, Resolve>();
  #revision = -1; // of what was answered last
  #alive: Promise<void> | undefined;
  #patience: number;
  #signal: AbortSignal;

  /** `patience`: milliseconds until an unanswered `hello` is sent again. */
  constructor(model: Model, signal: AbortSignal, patience = 5000) {
    this.model = model;
    this.#signal = signal;
    this.#patience = patience;
    model.on("msg:custom", this.#receive);
    signal.addEventListener("abort", () => {
      model.off("msg:custom", this.#receive);
      this.#open.clear();
    });
  }

  /** Sends `request`, and gives its answer whenever that comes. */
  ask<R extends Request>(request: R): Promise<Received<R["kind"]>> {
    const id = `${this.#name}-${++this.#count}`;
    return new Promise((resolve) => {
      this.#open.set(id, resolve as Resolve);
      try {
        this.model.send({ ...request, id });
      } catch {
        if (!this.gone) this.onEnd();
        this.gone = true;
        const error = {
          message: "The kernel has ended.",
          hint: "Run the cell again: unfinished jobs go on.",
          field: null,
          kind: "closed",
        };
        // Nothing that was asked will be answered.
        for (const open of [...this.#open.keys()]) this.#settle(open, { id: open, ok: false, error });
      }
    });
  }

  /** As `ask`, for what may be asked twice. An answer that stays away while the kernel is there was lost. */
  async insist<R extends Request>(request: R): Promise<Received<R["kind"]>> {
    for (;;) {
      const lost = delay(this.#patience).then(() => this.alive().then(() => this.hello()));
      const reply = await Promise.race([this.ask(request), lost]);
      if (reply) return reply;
    }
  }

  /** Whether something is unanswered. */
  get waiting(): boolean {
    return this.#open.size > 0;
  }

  /** Learns the kernel's clock, whether its traits get here, and its state if they do not. */
  async hello(): Promise<void> {
    const seen = Math.max(this.#revision, this.model.get("_revision"));
    const root = fileServer()?.root ?? null;
    const reply = await this.ask({ kind: "hello", root, seen, rows: this.rows() });
    if (!reply.ok) return;
    this.clockOffset = reply.now - Date.now() / 1000;
    this.#revision = reply.revision;
    // The trait was sent before the answer, and is not here.
    this.lossy = this.#revision > this.model.get("_revision");
    this.onNews(reply);
  }

  /**
   * Resolves when the kernel answers a `hello`. A busy one stays silent, and a message may be lost: asked
   * again and again. Messages are handled in their order, so whatever was asked before and can be answered,
   * is by then.
   */
  alive(): Promise<void> {
    this.#alive ??= new Promise<void>((resolve) => {
      let timer: ReturnType<typeof setTimeout>;
      let wait = this.#patience;
      const heard = () => {
        clearTimeout(timer);
        this.#alive = undefined;
        resolve();
      };
      const ping = () => {
        void this.hello().then(heard);
        timer = setTimeout(ping, wait);
        wait *= 2; // a cell may run for hours, and the messages pile up behind it
      };
      this.#signal.addEventListener("abort", () => clearTimeout(timer));
      ping();
    });
    return this.#alive;
  }

  #receive = (content: Reply<Kind> | News, buffers?: unknown): void => {
    this.heard = true;
    const all = allBuffers(buffers);
    const [bytes] = all;
    if (!("push" in content))
      this.#settle(
        content.id,
        (content.ok ? { ...content, bytes, buffers: all } : content) as Received<Kind>,
      );
    else if (bytes) this.onPush(content.push, content.offset, content.total, bytes);
  };

  // An id that is not open is another page's.
  #settle(id: string, reply: Received<Kind>): void {
    this.#open.get(id)?.(reply);
    this.#open.delete(id);
  }
}

export function delay(milliseconds: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, undefined));
}

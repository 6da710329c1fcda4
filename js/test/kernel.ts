// A kernel in memory: a model whose messages the test answers.

import type { Model } from "../src/kernel/host.ts";
import type { Traits } from "../src/kernel/messages.ts";
import { state } from "./rows.ts";

// biome-ignore lint/suspicious/noExplicitAny: a message as it comes from the wire
export type Wire = any;
// A page that is not Jupyter's: what host.ts asks of it.
globalThis.document = { getElementById: () => null, body: { dataset: {} } } as unknown as Document;

type Callback = (...args: never[]) => void;

export class Kernel implements Model {
  sent: Wire[] = [];
  /** Called with each message. */
  handle: (message: Wire) => void = () => {};
  traits: Traits;
  #listeners = new Map<string, Set<Callback>>();

  constructor(traits: Partial<Traits> = {}) {
    this.traits = state(traits);
  }

  get<N extends keyof Traits>(name: N): Traits[N] {
    return this.traits[name];
  }

  on(event: string, callback: Callback): void {
    if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
    this.#listeners.get(event)?.add(callback);
  }

  off(event: string, callback: Callback): void {
    this.#listeners.get(event)?.delete(callback);
  }

  send(content: object): void {
    this.sent.push(content);
    queueMicrotask(() => this.handle(content));
  }

  of(kind: string): Wire[] {
    return this.sent.filter((message) => message.kind === kind);
  }

  set<N extends keyof Traits>(name: N, value: Traits[N]): void {
    this.traits[name] = value;
    this.#emit(`change:${name}`);
  }

  answer(message: Wire, payload: object = {}, buffers: unknown[] = []): void {
    const revision = message.kind === "hello" ? { revision: this.traits._revision } : {};
    this.#emit("msg:custom", { id: message.id, ok: true, ...revision, ...payload }, buffers);
  }

  /** A chunk that nobody asked for. */
  push(key: string, offset: number, total: number, bytes: Uint8Array): void {
    this.#emit("msg:custom", { push: key, offset, total }, [bytes]);
  }

  refuse(message: Wire, text: string, field: string | null = null): void {
    const error = { message: text, hint: "Do this.", field, kind: "input" };
    this.#emit("msg:custom", { id: message.id, ok: false, error }, []);
  }

  #emit(event: string, ...rest: unknown[]): void {
    for (const callback of this.#listeners.get(event) ?? [])
      (callback as (...args: unknown[]) => void)(...rest);
  }
}

/** Lets everything happen that waits for nothing but its turn. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

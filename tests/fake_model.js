// A model as anywidget gives it, and the part of anywidget that uses the widget's module. The test plays the kernel:
// it reads `model.sent`, sets traits, and says how messages are answered.

class FakeModel {
  sent = []; // every message of the view, in its order
  busy = false; // a kernel that runs a cell: messages wait until `idle()`
  failures = {}; // kind: the ErrorRow that it is answered with
  lost = 0; // how many of the next chunks are never answered
  withhold = false; // answers to chunks wait until `release()`
  files = {}; // job's key: bytes
  posters = {}; // job's key: bytes
  echo = true; // whether a `set` sets the trait

  #listeners = new Map();
  #waiting = [];
  #withheld = [];

  constructor(state) {
    this.state = state;
  }

  get(name) {
    return this.state[name];
  }

  on(event, callback) {
    if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
    this.#listeners.get(event).add(callback);
  }

  off(event, callback) {
    this.#listeners.get(event)?.delete(callback);
  }

  send(content) {
    const message = structuredClone(content); // fails on what a comm could not carry
    this.sent.push(message);
    if (this.busy) this.#waiting.push(message);
    else queueMicrotask(() => this.#handle(message));
  }

  /** Sets a trait, as the kernel does. */
  set(name, value) {
    if (Object.is(this.state[name], value)) return;
    this.state[name] = value;
    this.#emit(`change:${name}`);
  }

  /** The cell has ended: what waited is handled. */
  idle() {
    this.busy = false;
    for (const message of this.#waiting.splice(0)) this.#handle(message);
  }

  release() {
    this.withhold = false;
    for (const give of this.#withheld.splice(0)) give();
  }

  kinds() {
    return this.sent.map((message) => message.kind);
  }

  of(kind) {
    return this.sent.filter((message) => message.kind === kind);
  }

  listeners() {
    return [...this.#listeners.values()].reduce((count, callbacks) => count + callbacks.size, 0);
  }

  #emit(event, ...rest) {
    for (const callback of [...(this.#listeners.get(event) ?? [])]) callback(...rest);
  }

  #handle(message) {
    const { id, kind } = message;
    const error = this.failures[kind];
    if (error) return this.#emit("msg:custom", { id, ok: false, error }, []);
    if (kind === "hello") this.beforeHello?.();
    if (kind === "chunk") return this.#chunk(message);
    if (kind === "poster") return this.#poster(message);
    if (kind === "set" && this.echo) this.set(message.name, message.value);
    const payload = {
      hello: { now: Date.now() / 1000 + (this.clock ?? 0), revision: 0 },
      generate: { keys: ["new"] },
      resubmit: { key: "new" },
      code: { code: `client.generate("${message.key}")` },
    };
    this.#emit("msg:custom", { id, ok: true, ...payload[kind] }, []);
  }

  #poster({ id, key }) {
    const poster = this.posters[key];
    this.#emit("msg:custom", { id, ok: true }, poster ? [new DataView(poster.buffer.slice(0))] : []);
  }

  #chunk({ id, key, offset, length }) {
    if (this.lost > 0) {
      this.lost--;
      return;
    }
    const file = this.files[key];
    // Jupyter gives a DataView, which here looks into the middle of a larger buffer.
    const whole = new Uint8Array(length + 16);
    whole.set(file.subarray(offset, offset + length), 8);
    const view = new DataView(whole.buffer, 8, Math.min(length, file.length - offset));
    const give = () => this.#emit("msg:custom", { id, ok: true, offset, total: file.length }, [view]);
    if (this.withhold) this.#withheld.push(give);
    else give();
  }
}

/** Shows the widget with `state`, `views` times. `files` are addresses of the videos, by job. */
window.start = async (state, { files = {}, views = 1, flags = {} } = {}) => {
  const model = Object.assign(new FakeModel(state), flags);
  for (const [key, address] of Object.entries(files))
    model.files[key] = new Uint8Array(await (await fetch(address)).arrayBuffer());
  const { default: factory } = await import("./widget.js");
  const widget = await factory();
  const life = new AbortController();
  await widget.initialize({ model, signal: life.signal });
  const shown = [];
  for (let n = 0; n < views; n++) {
    const el = document.createElement("div");
    el.className = "view";
    document.body.append(el);
    const view = new AbortController();
    const signal = AbortSignal.any([life.signal, view.signal]);
    await widget.render({ model, el, signal });
    shown.push({ el, remove: () => view.abort() });
  }
  Object.assign(window, { model, shown, destroy: () => life.abort() });
};

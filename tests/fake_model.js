// A model as anywidget gives it, and the part of anywidget that uses the widget's module. The test plays the kernel:
// it reads `model.sent`, sets traits, and says how messages are answered.

import { FakeWall } from "./fake_wall.js";

class FakeModel {
  sent = []; // every message of the view, in its order
  busy = false; // a kernel that runs a cell: messages wait until `idle()`
  failures = {}; // kind: the ErrorRow that it is answered with
  answers = {}; // kind: what it is answered with, or a function of the message that gives it
  lost = 0; // how many of the next chunks are never answered
  withhold = false; // answers to chunks wait until `release()`
  files = {}; // job's key: bytes
  posters = {}; // job's key: bytes
  times = { making: [], queued: [], whole: [] }; // how long earlier videos took
  answers = {}; // kind: what it is answered with, beside what is below
  echo = true; // whether a `set` sets the trait

  #listeners = new Map();
  #waiting = [];
  #withheld = [];

  #jobs = []; // newest first
  #rows = 0; // the list's revision
  lose = false; // whether changes of rows get lost on the way

  constructor({ _jobs, _entries, _cells, ...state }) {
    this.state = state;
    this.wall = new FakeWall(() => this.#jobs, _cells ? _cells.flatMap(({ job }) => job ?? []) : _entries);
    if (_cells) {
      this.cells = _cells;
      state._grid = { ...state._grid, version: 1, missed: _cells.length > 30, cells: this.#cellsOf(0, 30) };
    }
    this.#stamp(_jobs);
    state._first = this.#first();
    state._changed = { since: 0, ...this.#counts(), rows: [] };
  }

  /** As the kernel does with a list of jobs: in its order, each with the revision at which it last changed. */
  #stamp(jobs) {
    const before = new Map(this.#jobs.map((job) => [job.key, job]));
    let newer = Infinity;
    this.#jobs = jobs.map((job) => {
      const row = { ...job, started: Math.min(job.started, newer - 1e-3), revision: 0 };
      newer = row.started;
      const known = before.get(row.key);
      const same = known && JSON.stringify({ ...known, revision: 0 }) === JSON.stringify(row);
      return same ? known : { ...row, revision: this.#rows };
    });
  }

  #open() {
    const ended = ["completed", "failed", "cancelled"];
    return this.#jobs.filter((job) => !ended.includes(job.status) || (job.status === "failed" && !job.settled));
  }

  #queue() {
    return this.#jobs.filter(({ status }) => status === "waiting");
  }

  #counts() {
    const [open, waiting] = [this.#open().length, this.#queue().length];
    return { revision: this.#rows, total: this.#jobs.length, open, waiting };
  }

  #first() {
    const newest = this.#jobs.slice(0, 20);
    const older = this.#open().filter((job) => !newest.includes(job)).reverse();
    const waits = ({ status }) => +(status === "waiting");
    older.sort((a, b) => b.undecided - a.undecided || waits(a) - waits(b));
    return { ...this.#counts(), newest: newest.length, rows: [...newest, ...older.slice(0, 40)] };
  }

  #since(since) {
    return { since, ...this.#counts(), rows: this.#jobs.filter((job) => job.revision > since) };
  }

  #page({ after, waiting, count }) {
    const jobs = waiting ? this.#queue().reverse() : this.#open().filter(({ status }) => status !== "waiting");
    const at = after ? jobs.findIndex((job) => job.key === after.key) : -1;
    return { rows: jobs.slice(at + 1, at + 1 + count), more: at + 1 + count < jobs.length };
  }

  // Cells of a batch, each with what was made of it meanwhile.
  #cellsOf(start, count) {
    const known = (job) => job && { ...job, ...this.wall.all.find(({ key }) => key === job.key) };
    return this.cells.slice(start, start + count).map((cell) => ({ ...cell, job: known(cell.job) }));
  }

  /** These cells of the batch have changed, and so has what is told of all. */
  setCells(cells, told = {}) {
    for (const cell of cells) {
      this.cells[cell.at] = cell;
      if (cell.job) this.wall.put(cell.job);
    }
    const { version } = this.state._grid;
    const now = cells.map(({ at }) => this.#cellsOf(at, 1)[0]);
    this.set("_grid", { ...this.state._grid, ...told, version: version + 1, missed: false, cells: now });
  }

  /** The list as it is now: only what is new of it is said. */
  setJobs(jobs) {
    const since = this.#rows++;
    this.#stamp(jobs);
    if (!this.lose) this.set("_changed", this.#since(since));
  }

  /** The list as it is now, after more changes than are told one by one. */
  resetJobs(jobs) {
    this.#rows += 1000;
    this.#stamp(jobs);
    this.reset = true;
    this.set("_changed", { ...this.#since(this.#rows - 1), rows: [] });
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
    if (kind === "picture_of") return this.#poster({ id, key: message.sha256 });
    if (kind === "posters") return this.#postersOf(message);
    if (kind in this.wall && !(kind in this.answers)) {
      const { version } = this.wall;
      this.#emit("msg:custom", { id, ok: true, ...this.wall[kind](message) }, []);
      if (this.wall.version !== version) this.wallMoved();
      return undefined;
    }
    if (kind === "set" && this.echo) this.set(message.name, message.value);
    const news = this.reset ? { first: this.#first() } : { changed: this.#since(message.rows) };
    const payload = {
      hello: {
        now: Date.now() / 1000 + (this.clock ?? 0),
        revision: 0,
        ...(message.rows === this.#rows ? {} : news),
      },
      rows: kind === "rows" ? this.#page(message) : {},
      generate: { keys: ["new"] },
      resubmit: { key: "new" },
      times: this.times,
      picture: { picture: { sha256: "ab".repeat(32), type: "", size: 1, width: 1, height: 1 } },
      earlier_prompts: { prompts: [] },
      settings_of: {
        ...{ prompt: "The whole prompt", model: "google/veo-3.0", duration: 6, aspect_ratio: "16:9" },
        ...{ note: "", image: null, left_out: [], literal: "The whole prompt" },
      },
      rerun: {
        model: "kwaivgi/kling-v3",
        model_name: "Kling v3",
        differs: "no sound",
        rows: [],
        seconds: 5,
        cost: 1.5,
        keys: [],
      },
      batch: kind === "batch" ? { ...this.state._grid, cells: this.#cellsOf(message.start, message.count) } : {},
      code: { code: `client.generate("${message.key}")` },
    };
    const answer = this.answers[kind];
    const given = typeof answer === "function" ? answer(message) : answer;
    this.#emit("msg:custom", { id, ok: true, ...payload[kind], ...given }, []);
  }

  /** The library has changed: the views are told. */
  wallMoved() {
    this.set("_session", { ...this.state._session, wall: ++this.wall.version });
  }

  #postersOf({ id, keys }) {
    const there = keys.filter((key) => this.posters[key]);
    const buffers = there.map((key) => new DataView(this.posters[key].buffer.slice(0)));
    this.#emit("msg:custom", { id, ok: true, with: there }, buffers);
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
    const file = this.files[key] ?? Object.values(this.files)[0];
    // Jupyter gives a DataView, which here looks into the middle of a larger buffer.
    const whole = new Uint8Array(length + 16);
    whole.set(file.subarray(offset, offset + length), 8);
    const view = new DataView(whole.buffer, 8, Math.min(length, file.length - offset));
    const give = () => this.#emit("msg:custom", { id, ok: true, offset, total: file.length }, [view]);
    if (this.withhold) this.#withheld.push(give);
    else give();
  }
}

/** Shows the widget with `state`, `views` times. `files` are addresses of the videos, by job. How it went is in
 * `started`: Chromium may give up a promise that only the test waits for. */
window.start = (...given) => {
  window.starting = start(...given).then(
    () => Object.assign(window, { started: "well" }),
    (error) => Object.assign(window, { started: String(error?.stack ?? error) }),
  );
};

async function start(state, { files = {}, views = 1, flags = {} } = {}) {
  const model = Object.assign(new FakeModel(state), flags);
  for (const [key, address] of Object.entries(files))
    model.files[key] = new Uint8Array(await (await fetch(address)).arrayBuffer());
  const studio = await (await fetch("./studio.txt")).text();
  const { default: factory } = await import("./widget.js");
  // As in Jupyter: the runtime widget has the front end.
  const runtime = { get: (name) => (name === "_studio" ? studio : undefined) };
  const life = new AbortController();
  const front = await (await factory()).initialize({ model: runtime, signal: life.signal });
  const render = front.begin(model, life.signal);
  const shown = [];
  for (let n = 0; n < views; n++) {
    const el = document.createElement("div");
    el.className = "view";
    document.body.append(el);
    const view = new AbortController();
    const signal = AbortSignal.any([life.signal, view.signal]);
    await render({ model, el, signal });
    shown.push({ el, remove: () => view.abort() });
  }
  Object.assign(window, { model, shown, destroy: () => life.abort() });
}

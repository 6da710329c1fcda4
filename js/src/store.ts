// What all views of one widget share, and what they do: the other modules draw it.

import { Control } from "./control.ts";
import { Conversation, type Reply } from "./conversation.ts";
import { short } from "./format.ts";
import type { Model } from "./host.ts";
import type { ErrorRow, JobRow, Payload, Request, Settings, State, Status } from "./messages.ts";
import { Videos } from "./videos.ts";

const DEBOUNCE = 300; // milliseconds of rest before a typed prompt is sent
const DOUBLE_PRESS = 1000; // milliseconds within which a second press is one of the same hand
const BUSY_AFTER = 1000; // milliseconds without an answer until the view says so
const AUTOMATIC = 3; // the newest videos are fetched without being asked for

const NAMES = ["prompt", "model", "duration", "aspect_ratio", "takes"] as const;
type Name = keyof Settings;

const RUNNING: ReadonlySet<Status> = new Set([
  "waiting",
  "submitting",
  "queued",
  "processing",
  "downloading",
]);

/** Whether a job moves on by itself. */
export function isRunning(job: JobRow): boolean {
  return RUNNING.has(job.status) && !job.stopped;
}

export class Store {
  readonly conversation: Conversation;
  readonly videos: Videos;
  /** What the last `set` or `generate` was refused for. */
  error: ErrorRow | null = null;
  /** The latest change of a job's stage, for a screen reader. */
  announcement = "";

  #model: Model;
  #asked: Partial<State> = {}; // what came for an answer, where traits do not get here
  #controls: { [N in Name]: Control<Settings[N]> };
  #listeners = new Set<() => void>();
  #open = new Set<string>(); // what the person asked for, unanswered
  #late = new Set<string>(); // and what of it has been for a second
  #jobErrors = new Map<string, ErrorRow>();
  #stages: Map<string, Status>;
  #debounce = 0;
  #views = 0;

  constructor(model: Model, signal: AbortSignal) {
    this.#model = model;
    this.conversation = new Conversation(model, signal);
    this.videos = new Videos(this.conversation, signal, this.#changed, () => this.session.root);
    this.conversation.onState = (state) => {
      this.#asked = state;
      for (const name of NAMES) this.#arrived(name);
      this.#jobsChanged();
    };
    const control = <N extends Name>(name: N) => new Control<State[N]>(model.get(name));
    this.#controls = {
      prompt: control("prompt"),
      model: control("model"),
      duration: control("duration"),
      aspect_ratio: control("aspect_ratio"),
      takes: control("takes"),
    };
    this.#stages = new Map(this.jobs.map((job) => [job.key, job.status]));

    const listen = (name: keyof State, heard: () => void) => {
      const changed = () => {
        delete this.#asked[name];
        heard();
      };
      model.on(`change:${name}`, changed);
      signal.addEventListener("abort", () => model.off(`change:${name}`, changed));
    };
    for (const name of NAMES) listen(name, () => this.#arrived(name));
    listen("_jobs", this.#jobsChanged);
    listen("_models", this.#changed);
    listen("_session", this.#changed);
    signal.addEventListener("abort", () => clearTimeout(this.#debounce));
    this.look();
  }

  /** Calls `listener` after each change; the function that is returned ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get jobs(): JobRow[] {
    return this.#get("_jobs");
  }

  get models(): State["_models"] {
    return this.#get("_models");
  }

  get session(): State["_session"] {
    return this.#get("_session");
  }

  /** What the controls show. */
  get settings(): Settings {
    const { prompt, model, duration, aspect_ratio, takes } = this.#controls;
    return {
      prompt: prompt.shown,
      model: model.shown,
      duration: duration.shown,
      aspect_ratio: aspect_ratio.shown,
      takes: takes.shown,
    };
  }

  /** Now, in seconds by the kernel's clock. */
  get now(): number {
    return Date.now() / 1000 + this.conversation.clockOffset;
  }

  /** Whether a time that is shown moves on. */
  get ticking(): boolean {
    const asking = this.keyless || (this.lossy && this.conversation.waiting);
    return !this.gone && (asking || this.jobs.some(isRunning));
  }

  /** Whether the kernel's news must be asked for. */
  get lossy(): boolean {
    return this.conversation.lossy;
  }

  /** Whether the kernel has ended, so that nothing here moves any more. */
  get gone(): boolean {
    return this.conversation.gone;
  }

  /** Asks whether the kernel is there, and what it knows. */
  look(): void {
    void this.conversation.alive().then(this.#changed);
  }

  /** Whether Generate has been pressed and not been answered. */
  get sending(): boolean {
    return this.#open.has("generate");
  }

  get keyless(): boolean {
    return !this.session.key && !this.session.demo;
  }

  /** Why nothing can be generated now, or "". */
  get blocked(): string {
    if (this.keyless) return "Generate needs an API key, or the demo.";
    return this.settings.prompt.trim() ? "" : "Describe the video first.";
  }

  /** What to say while the kernel is silent, or "". */
  get busy(): string {
    if (this.gone)
      return "The kernel that this belongs to has ended. Run the cell again: unfinished jobs go on.";
    if (!this.#late.size) return "";
    if (!this.conversation.heard)
      return "No kernel has answered yet. If one is busy, this is queued; if there is none, run the cell again.";
    if (this.#late.has("generate"))
      return "The kernel is busy: queued, it starts when the running cell ends.";
    const cancel = [...this.#late].some((name) => name.startsWith("cancel"));
    const sent = cancel ? " A job whose turn comes before that is sent." : "";
    return `The kernel is busy: queued until the running cell ends.${sent}`;
  }

  /** Whether the person's request `kind` for job `key` is unanswered. */
  isOpen(kind: string, key = ""): boolean {
    return this.#open.has(kind + key);
  }

  jobError(key: string): ErrorRow | undefined {
    return this.#jobErrors.get(key);
  }

  /** The person moved the control `name`. */
  set<N extends Name>(name: N, value: Settings[N]): void {
    const control = this.#controls[name] as Control<Settings[N]>;
    if (control.shown === value) return;
    control.edit(value);
    if (this.error?.field === name) this.error = null;
    if (name === "prompt") {
      clearTimeout(this.#debounce);
      this.#debounce = setTimeout(this.flush, DEBOUNCE) as unknown as number;
    } else void this.#send(name);
    this.#changed();
  }

  /** Sends a prompt that has been typed and not been sent. */
  flush = (): void => {
    clearTimeout(this.#debounce);
    if (this.#controls.prompt.unsent) void this.#send("prompt");
  };

  async generate(): Promise<void> {
    if (this.sending) return;
    this.flush();
    // A key that a cell has set since is noticed when the kernel is spoken to.
    if (this.keyless) await this.conversation.hello();
    if (this.blocked || this.sending) return;
    this.error = null;
    const reply = await this.#ask({ kind: "generate", ...this.settings });
    if (!reply.ok) this.error = reply.error;
    this.#changed();
  }

  /** `demo`: goes on with the demo backend. `earlier`: shows videos that the library has. */
  async press(kind: "demo" | "earlier"): Promise<void> {
    if (this.isOpen(kind)) return;
    this.error = null;
    const reply = await this.#ask({ kind });
    if (!reply.ok) this.error = reply.error;
    this.#changed();
  }

  /** Asks for something to be done with job `key`. */
  async act<K extends "cancel" | "resubmit" | "resume" | "code">(
    kind: K,
    key: string,
  ): Promise<Payload[K] | undefined> {
    if (this.isOpen(kind, key)) return undefined;
    this.#jobErrors.delete(key);
    const reply = (await this.#ask({ kind, key }, key)) as Reply<K>;
    if (!reply.ok) this.#jobErrors.set(key, reply.error);
    this.#changed();
    return reply.ok ? reply : undefined;
  }

  /** A view is there; call what is returned when it is no longer. */
  opened(): () => void {
    this.#views++;
    return () => {
      if (!--this.#views) this.videos.pause();
    };
  }

  /** Fetches the newest videos, which are shown without being asked for. */
  loadNewest(): void {
    const newest = this.jobs.filter((job) => job.video).slice(0, AUTOMATIC);
    // Each is put before the ones that wait.
    for (const job of newest.reverse()) if (!this.videos.get(job.key)) this.videos.load(job, false);
  }

  #get<N extends keyof State>(name: N): State[N] {
    return name in this.#asked ? (this.#asked[name] as State[N]) : this.#model.get(name);
  }

  async #ask<R extends Request>(request: R, key = ""): Promise<Reply<R["kind"]>> {
    const name = request.kind + key;
    this.#open.add(name);
    this.#changed();
    const timer = setTimeout(() => {
      this.#late.add(name);
      this.#changed();
    }, BUSY_AFTER);
    const begun = Date.now();
    const reply = await this.conversation.ask(request);
    clearTimeout(timer);
    this.#late.delete(name);
    if (this.lossy) this.look(); // what came of it does not get here by itself
    const close = () => {
      this.#open.delete(name);
      this.#changed();
    };
    // What costs money stays closed to the second press of a double click, however quick the kernel was.
    const costs = reply.ok && (request.kind === "generate" || request.kind === "resubmit");
    const rest = costs ? begun + DOUBLE_PRESS - Date.now() : 0;
    if (rest > 0) setTimeout(close, rest);
    else close();
    return reply;
  }

  async #send<N extends Name>(name: N): Promise<void> {
    const control = this.#controls[name] as Control<Settings[N]>;
    const reply = await this.conversation.ask({ kind: "set", name, value: control.send() } as Request);
    if (reply.ok) control.answered();
    else {
      // A text that the kernel refuses is the person's all the same.
      if (name === "prompt") control.answered();
      else control.refused(this.#get(name));
      this.error = reply.error;
    }
    this.#changed();
  }

  #arrived<N extends Name>(name: N): void {
    (this.#controls[name] as Control<Settings[N]>).arrived(this.#get(name));
    this.#changed();
  }

  #jobsChanged = (): void => {
    const news = this.jobs.filter((job) => this.#stages.get(job.key) !== job.status);
    if (news.length)
      this.announcement = news.map((job) => `${short(job.prompt, 60)}: ${job.status}`).join(". ");
    this.#stages = new Map(this.jobs.map((job) => [job.key, job.status]));
    this.videos.keep(this.jobs);
    this.#changed();
  };

  #changed = (): void => {
    for (const listener of this.#listeners) listener();
  };
}

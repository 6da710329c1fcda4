// What the kernel says: its traits, or what it answers where traits do not get here. The page reads it, and
// changes it only by asking. (What the page alone knows is in ui/page.ts.)

import { Conversation } from "./conversation.ts";
import type { Model } from "./host.ts";
import { type JobRow, SETTINGS, type Settings, type State, type Status } from "./messages.ts";
import { Videos } from "./videos.ts";

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

export class KernelState {
  readonly conversation: Conversation;
  readonly videos: Videos;
  /** Called with the name of a control whose trait has come. */
  onSetting: (name: keyof Settings) => void = () => {};
  /** Called with the jobs that are new, or at another stage. */
  onStages: (news: JobRow[]) => void = () => {};

  #model: Model;
  #asked: Partial<State> = {}; // what came for an answer, where traits do not get here
  #stages: Map<string, Status>;
  #listeners = new Set<() => void>();

  constructor(model: Model, signal: AbortSignal) {
    this.#model = model;
    this.conversation = new Conversation(model, signal);
    this.videos = new Videos(this.conversation, signal, this.#changed, () => this.session.root);
    this.conversation.onState = (state) => {
      this.#asked = state;
      for (const name of SETTINGS) this.onSetting(name);
      this.#jobsChanged();
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
    for (const name of SETTINGS)
      listen(name, () => {
        this.onSetting(name);
        this.#changed();
      });
    listen("_jobs", this.#jobsChanged);
    listen("_models", this.#changed);
    listen("_session", this.#changed);
    this.look();
  }

  /** Calls `listener` after each change; the function that is returned ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get<N extends keyof State>(name: N): State[N] {
    return name in this.#asked ? (this.#asked[name] as State[N]) : this.#model.get(name);
  }

  get jobs(): JobRow[] {
    return this.get("_jobs");
  }

  get models(): State["_models"] {
    return this.get("_models");
  }

  get session(): State["_session"] {
    return this.get("_session");
  }

  /** Now, in seconds by the kernel's clock. */
  get now(): number {
    return Date.now() / 1000 + this.conversation.clockOffset;
  }

  /** Whether there is neither a key nor the demo. */
  get keyless(): boolean {
    return !this.session.has_key && !this.session.demo;
  }

  /** Whether the kernel's news must be asked for. */
  get lossy(): boolean {
    return this.conversation.lossy;
  }

  /** Whether the kernel has ended, so that nothing here moves any more. */
  get gone(): boolean {
    return this.conversation.gone;
  }

  /** Whether a time that is shown moves on. */
  get ticking(): boolean {
    const asking = this.keyless || (this.lossy && this.conversation.waiting);
    return !this.gone && (asking || this.jobs.some(isRunning));
  }

  /** Asks whether the kernel is there, and what it knows. */
  look(): void {
    void this.conversation.alive().then(this.#changed);
  }

  #jobsChanged = (): void => {
    const news = this.jobs.filter((job) => this.#stages.get(job.key) !== job.status);
    if (news.length) this.onStages(news);
    this.#stages = new Map(this.jobs.map((job) => [job.key, job.status]));
    this.videos.keep(this.jobs);
    this.#changed();
  };

  #changed = (): void => {
    for (const listener of this.#listeners) listener();
  };
}

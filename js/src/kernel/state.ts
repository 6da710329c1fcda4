// What the kernel says: its traits, or what it answers where traits do not get here. The page reads it, and
// changes it only by asking. (What the page alone knows is in ui/page.ts.)

import { Conversation } from "./conversation.ts";
import type { Model } from "./host.ts";
import {
  type ChangedRows,
  type FirstRows,
  type JobRow,
  type Payloads,
  type Place,
  type Requests,
  SETTINGS,
  type Settings,
  type Side,
  type State,
  type Traits,
} from "./messages.ts";
import { isOpen, PAGE, Rows } from "./rows.ts";
import { Videos } from "./videos.ts";

const MOST_OPEN = 100; // rows of unfinished jobs asked for at a time

/** Whether a job moves on by itself. */
export function isRunning(job: JobRow): boolean {
  return isOpen(job) && job.status !== "unconfirmed" && !job.stopped;
}

function place({ started, key }: Place): Place {
  return { started, key }; // and nothing else of a row
}

export class KernelState {
  readonly conversation: Conversation;
  readonly media: Videos;
  readonly rows = new Rows();
  /** Aborts when the widget ends. */
  readonly signal: AbortSignal;
  /** Called with the name of a control whose trait has come. */
  onSetting: (name: keyof Settings) => void = () => {};
  /** Called with the jobs that are new, or at another stage. */
  onStages: (news: JobRow[]) => void = () => {};

  #model: Model;
  #asked: Partial<State> = {}; // what came for an answer, where traits do not get here
  #changed: () => void;

  /** Calls `changed` after each change. */
  constructor(model: Model, signal: AbortSignal, changed: () => void) {
    this.#model = model;
    this.#changed = changed;
    this.signal = signal;
    this.conversation = new Conversation(model, signal);
    this.media = new Videos(this.conversation, signal, changed, () => this.session.root);
    this.conversation.rows = () => this.rows.revision;
    this.conversation.onNews = this.#told;
    this.#begin(model.get("_first"));
    this.rows.change(model.get("_changed")); // what it lacks of what was between, the first hello brings

    const listen = (name: keyof Traits, heard: () => void) => {
      const event = `change:${name}`;
      const hear = () => {
        delete this.#asked[name as keyof State];
        heard();
        changed();
      };
      model.on(event, hear);
      signal.addEventListener("abort", () => model.off(event, hear));
    };
    for (const name of SETTINGS) listen(name, () => this.onSetting(name));
    for (const name of ["_first", "_changed"] as const)
      listen(name, () => this.#rowsChanged(model.get(name)));
    for (const name of ["_models", "_session"] as const) listen(name, () => {});
    this.look();
  }

  get<N extends keyof State>(name: N): State[N] {
    return name in this.#asked ? (this.#asked[name] as State[N]) : this.#model.get(name);
  }

  get jobs(): JobRow[] {
    return this.rows.list;
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

  /** The text of the part of the front end that is loaded later. */
  async studio(): Promise<string> {
    const reply = await this.conversation.insist({ kind: "source", part: "studio" });
    if (!reply.ok) throw new Error(reply.error.message);
    return reply.js;
  }

  /** Asks whether the kernel is there, and what it knows. */
  look(): void {
    void this.conversation.alive().then(this.#changed);
  }

  /** What to ask for, for the page of rows beyond that end of what is here; undefined if there is none. */
  beyond(side: Side): Requests["rows"] | undefined {
    const end = this.rows.end(side);
    // One more of the newer ones: it is here already if the two ends meet.
    const count = side === "newer" ? PAGE + 1 : PAGE;
    return end && { side, place: place(end), open: false, count };
  }

  /** What was asked for has come. */
  extend(asked: Requests["rows"], answer: Payloads["rows"]): void {
    this.rows.extend(asked, answer);
  }

  #begin(first: FirstRows): void {
    this.rows.begin(first);
    if (this.rows.list.filter(isOpen).length < first.open) void this.#askOpen();
  }

  // What has not ended is never left out.
  async #askOpen(after: Place | null = null): Promise<void> {
    const asked = { side: "older", place: after, open: true, count: MOST_OPEN } as const;
    const reply = await this.conversation.insist({ kind: "rows", ...asked });
    const last = reply.ok && reply.rows.at(-1);
    if (!last) return;
    this.rows.extend(asked, reply);
    this.#changed();
    if (reply.more) await this.#askOpen(place(last));
  }

  #told = ({ state, first, changed }: Payloads["hello"]): void => {
    if (this.lossy && state) {
      this.#asked = state;
      for (const name of SETTINGS) this.onSetting(name);
    }
    if (first) this.#begin(first);
    if (changed) this.#rowsChanged(changed);
    this.#changed();
  };

  #rowsChanged(news: FirstRows | ChangedRows): void {
    const stages = this.rows.change(news);
    if (stages.length) this.onStages(stages);
    // Something was lost on the way.
    if (this.rows.known > this.rows.revision) this.look();
  }
}

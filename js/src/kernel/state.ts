// What the kernel says: its traits, or what it answers where traits do not get here. The page reads it, and
// changes it only by asking. (What the page alone knows is in ui/page.ts.)

import { Conversation } from "./conversation.ts";
import type { Model } from "./host.ts";
import {
  type ChangedRows,
  ENDED,
  type FirstRows,
  type JobRow,
  type Payloads,
  type Place,
  SETTINGS,
  type Settings,
  type State,
  type Traits,
} from "./messages.ts";
import { isOpen, MOST_WAITING, Rows, waits } from "./rows.ts";

const MOST_OPEN = 100; // rows of unfinished jobs asked for at a time
const FEWEST = 4; // of those that wait: then the next are asked for

/** Whether a job moves on by itself. */
export function isRunning(job: JobRow): boolean {
  return !ENDED.includes(job.status) && job.status !== "unconfirmed" && !job.stopped;
}

/** Whether it goes on, or is at rest, only when somebody decides. */
export function needsSomebody(job: JobRow): boolean {
  return job.undecided || job.stopped || (job.status === "failed" && !job.settled);
}

function place({ started, key }: Place): Place {
  return { started, key }; // and nothing else of a row
}

export class KernelState {
  readonly conversation: Conversation;
  readonly rows = new Rows();
  /** Aborts when the widget ends. */
  readonly signal: AbortSignal;
  /** Called with the name of a control whose trait has come. */
  onSetting: (name: keyof Settings) => void = () => {};
  /** Called with the jobs that are new, or at another stage. */
  onStages: (news: JobRow[]) => void = () => {};
  /** Called with the same. */
  readonly followers: ((news: JobRow[]) => void)[] = [];

  #asking = false;
  #model: Model;
  #asked: Partial<State> = {}; // what came for an answer, where traits do not get here
  #changed: () => void;

  /** Calls `changed` after each change. */
  constructor(model: Model, signal: AbortSignal, changed: () => void) {
    this.#model = model;
    this.#changed = changed;
    this.signal = signal;
    this.conversation = new Conversation(model, signal);
    this.conversation.rows = () => this.rows.revision;
    this.conversation.onNews = this.#told;
    this.conversation.onEnd = changed; // whoever asked: nothing moves any more that would draw it
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

  #begin(first: FirstRows): void {
    this.rows.begin(first);
    const here = this.rows.list.filter((job) => isOpen(job) && !waits(job)).length;
    if (here < first.open - first.waiting) void this.#askOpen();
    void this.#askWaiting();
  }

  // What has not ended is never left out.
  async #askOpen(after: Place | null = null): Promise<void> {
    const asked = { kind: "rows", after, waiting: false, count: MOST_OPEN } as const;
    const reply = await this.conversation.insist(asked);
    const last = reply.ok && reply.rows.at(-1);
    if (!last) return;
    this.rows.add(reply.rows);
    this.#changed();
    if (reply.more) await this.#askOpen(place(last));
  }

  // Of what waits for its turn, only the next are here.
  async #askWaiting(): Promise<void> {
    const here = this.jobs.filter(waits).length;
    if (this.#asking || here >= Math.min(FEWEST, this.rows.waiting)) return;
    this.#asking = true;
    const asked = { kind: "rows", after: null, waiting: true, count: MOST_WAITING } as const;
    const reply = await this.conversation.insist(asked);
    this.#asking = false;
    if (!reply.ok) return;
    this.rows.add(reply.rows);
    this.#changed();
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
    if (stages.length) for (const tell of [this.onStages, ...this.followers]) tell(stages);
    void this.#askWaiting();
    // Something was lost on the way.
    if (this.rows.known > this.rows.revision) this.look();
  }
}

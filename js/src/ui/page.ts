// What the page alone knows, for all views of one widget: the drafts of the controls, what was asked for and
// is not answered, what went wrong, what is announced. (What the kernel says is in kernel/state.ts.)

import { Control } from "../kernel/control.ts";
import type { Received } from "../kernel/conversation.ts";
import {
  type ErrorRow,
  type ModelRow,
  type Payloads,
  type Request,
  type Requests,
  SETTINGS,
  type Settings,
} from "../kernel/messages.ts";
import type { KernelState } from "../kernel/state.ts";
import type { Extras, Reading, Recalled } from "./extras.ts";
import { short } from "./format.ts";

const DEBOUNCE = 300; // milliseconds of rest before a typed prompt is sent
const DOUBLE_PRESS = 1000; // milliseconds within which a second press is one of the same hand
const DOUBLE_CLICK = 500; // and one whose settings have changed in between, by the kernel say
const BUSY_AFTER = 1000; // milliseconds without an answer until the view says so

const SEVERAL = /\{.*\||\\[{|}]|\S\s*[\r\n]\s*\S/s; // what a text has that may stand for several

type Name = keyof Settings;

/** Of each control what `make` gives. */
function each<T>(make: (name: Name) => unknown): T {
  return Object.fromEntries(SETTINGS.map((name) => [name, make(name)])) as T;
}

export class Page {
  readonly kernel: KernelState;
  /** What the last `set` or `generate` was refused for. */
  error: ErrorRow | null = null;
  /** How many videos there are, once the wall has said it. */
  there: number | undefined;
  /** Called when the last view is gone. */
  unseen: () => void = () => {};
  /** The latest change of a job's stage, for a screen reader. */
  announcement = "";
  /** How the prompt is read. */
  reading: Reading = { braces: true, lines: false };
  recalled: Recalled = { at: 0, count: 0 };
  /** Whether a picture is on its way into the library. */
  picturing = false;
  /** What is seldom needed: undefined until it has come. */
  extras: () => Extras<Page> | undefined = () => undefined;
  /** The same, when it has. */
  load: () => Promise<Extras<Page>> = () => new Promise(() => {});

  #controls: { [N in Name]: Control<Settings[N]> };
  #changed: () => void;
  #open = new Set<string>(); // what the person asked for, unanswered
  #late = new Set<string>(); // and what of it has been for a second
  #jobErrors = new Map<string, ErrorRow>();
  #debounce = 0;
  #pressed = -DOUBLE_CLICK; // when Generate was, in milliseconds
  #views = 0;

  /** Calls `changed` after each change. */
  constructor(kernel: KernelState, signal: AbortSignal, changed: () => void) {
    this.kernel = kernel;
    this.#changed = changed;
    this.#controls = each((name) => new Control(kernel.get(name)));
    kernel.onSetting = (name) => {
      (this.#controls[name] as Control<Settings[Name]>).arrived(kernel.get(name));
    };
    kernel.onStages = (news) => {
      this.announcement = news.map((job) => `${short(job.prompt, 60)}: ${job.status}`).join(". ");
    };
    signal.addEventListener("abort", () => clearTimeout(this.#debounce));
  }

  /** What the controls show. */
  get settings(): Settings {
    return each((name) => this.#controls[name].shown);
  }

  /** What a press of Generate asks for. */
  get #asked(): Requests["generate"] {
    return { ...this.settings, ...(this.prompts ? { prompts: this.prompts } : {}) };
  }

  /** Whether just this has been asked for and not been answered: a second press is one of the same hand. */
  get sending(): boolean {
    return this.isOpen("generate", JSON.stringify(this.#asked));
  }

  /** The model that is chosen, if it is in the table. */
  get model(): ModelRow | undefined {
    const { model } = this.settings;
    return this.kernel.models.find((row) => row.id === model);
  }

  /** Whether the prompt may stand for several. */
  get several(): boolean {
    return SEVERAL.test(this.settings.prompt);
  }

  /** What the prompt stands for; null: itself; undefined: too much, or it is not known yet. */
  get prompts(): string[] | null | undefined {
    if (!this.several) return null;
    return this.extras()?.read(this.settings.prompt, this.reading);
  }

  /** How many videos a press makes. */
  get videos(): number {
    return (this.prompts?.length ?? 1) * this.settings.takes;
  }

  /** Whether nothing but a description is missing. */
  get blank(): boolean {
    return !this.settings.prompt.trim() || this.prompts?.length === 0;
  }

  /** Why nothing can be generated now, or "". */
  get blocked(): string {
    const { duration, image } = this.settings;
    const { limit } = this.kernel.session;
    const row = this.model;
    if (this.kernel.keyless) return "Generate needs an API key, or the demo.";
    if (this.blank) return "Describe the video first.";
    if (this.prompts === undefined)
      return this.extras()
        ? "The prompt stands for too many: at most 200 are sent at a time."
        : "What the prompt stands for is being read.";
    if (this.picturing) return "The picture is not in the library yet.";
    if (image && row?.image === false)
      return `${row.name} begins with no picture: take it away, or choose another model.`;
    return (limit && this.extras()?.beyond(limit, this.videos, duration, row)) || "";
  }

  /** What to say while the kernel is silent, or "". */
  get busy(): string {
    if (this.kernel.gone)
      return "The kernel that this belongs to has ended. Run the cell again: unfinished jobs go on.";
    if (!this.#late.size) return "";
    if (!this.kernel.conversation.heard)
      return (
        "No kernel has answered yet. " +
        "If one is busy, this is queued; if there is none, run the cell again."
      );
    const late = [...this.#late];
    if (late.some((name) => name.startsWith("generate")))
      return "Queued: a cell is running, or the library does not answer. It starts after that.";
    const cancel = late.some((name) => name.startsWith("cancel"));
    const sent = cancel ? " A job whose turn comes before that is sent." : "";
    return `Queued: a cell is running, or the library does not answer.${sent}`;
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

  /** Takes over these settings. */
  use(settings: Partial<Settings>): void {
    for (const name of SETTINGS) {
      const value = settings[name];
      if (value !== undefined) this.set(name, value as never);
    }
  }

  /** Begins with a frame of the video `key`, `at` seconds in: a JPEG in base64. */
  async extend(key: string, at: number, jpeg: string): Promise<void> {
    const bytes = Uint8Array.from(atob(jpeg), (one) => one.charCodeAt(0));
    const { take } = await this.load();
    await take(this, new Blob([bytes], { type: "image/jpeg" }), "the last frame", { key, at });
  }

  /** Draws all views anew, soon. */
  redraw(): void {
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
    if (this.kernel.keyless) await this.kernel.conversation.hello();
    if (this.blocked || this.sending || Date.now() - this.#pressed < DOUBLE_CLICK) return;
    this.#pressed = Date.now();
    this.error = null;
    const asked = this.#asked;
    const reply = await this.#ask({ kind: "generate", ...asked }, JSON.stringify(asked));
    if (!reply.ok) this.error = reply.error;
    this.#changed();
  }

  /** `demo`: goes on with the demo backend. */
  async press(kind: "demo"): Promise<void> {
    if (this.isOpen(kind)) return;
    this.error = null;
    const reply = await this.#ask({ kind });
    if (!reply.ok) this.error = reply.error;
    this.#changed();
  }

  /** Asks for something; what is wrong with it stands with job `key`. */
  async request<R extends Request>(request: R, key = ""): Promise<Payloads[R["kind"]] | undefined> {
    if (this.isOpen(request.kind, key)) return undefined;
    this.#jobErrors.delete(key);
    const reply = await this.#ask(request, key);
    if (!reply.ok) this.#jobErrors.set(key, reply.error);
    this.#changed();
    return reply.ok ? reply : undefined;
  }

  /** Asks for something to be done with job `key`. */
  act<K extends "cancel" | "resubmit" | "adopt" | "resume" | "code">(
    kind: K,
    key: string,
    more: Omit<Requests[K], "key"> | object = {},
  ): Promise<Payloads[K] | undefined> {
    return this.request({ kind, key, ...more } as Request & { kind: K }, key);
  }

  /** A view is there; call what is returned when it is no longer. */
  opened(): () => void {
    this.#views++;
    return () => {
      if (!--this.#views) this.unseen();
    };
  }

  async #ask<R extends Request>(request: R, key = ""): Promise<Received<R["kind"]>> {
    const name = request.kind + key;
    this.#open.add(name);
    this.#changed();
    const timer = setTimeout(() => {
      this.#late.add(name);
      this.#changed();
    }, BUSY_AFTER);
    const begun = Date.now();
    const { conversation } = this.kernel;
    const reply = await conversation.ask(request);
    clearTimeout(timer);
    this.#late.delete(name);
    if (this.kernel.lossy) this.kernel.look(); // what came of it does not get here by itself
    const close = () => {
      this.#open.delete(name);
      this.#changed();
    };
    // What costs money stays closed to the second press of a double click, however quick the kernel was.
    const costs =
      ["generate", "resubmit"].includes(request.kind) || ("confirmed" in request && request.confirmed);
    const rest = reply.ok && costs ? begun + DOUBLE_PRESS - Date.now() : 0;
    if (rest > 0) setTimeout(close, rest);
    else close();
    return reply;
  }

  async #send<N extends Name>(name: N): Promise<void> {
    const control = this.#controls[name] as Control<Settings[N]>;
    const request = { kind: "set", name, value: control.send() } as Request;
    const reply = await this.kernel.conversation.ask(request);
    if (reply.ok) control.answered();
    else {
      // A text that the kernel refuses is the person's all the same.
      if (name === "prompt") control.answered();
      else control.refused(this.kernel.get(name));
      this.error = reply.error;
    }
    this.#changed();
  }
}

// What the page alone knows, for all views of one widget: the drafts of the controls, what was asked for and
// is not answered, what went wrong, what is announced. (What the kernel says is in kernel/state.ts.)

import { Control } from "../kernel/control.ts";
import type { Received } from "../kernel/conversation.ts";
import {
  type ErrorRow,
  type Payloads,
  type Request,
  type Requests,
  SETTINGS,
  type Settings,
  type Side,
} from "../kernel/messages.ts";
import type { KernelState } from "../kernel/state.ts";
import { short } from "./format.ts";

const DEBOUNCE = 300; // milliseconds of rest before a typed prompt is sent
const DOUBLE_PRESS = 1000; // milliseconds within which a second press is one of the same hand
const BUSY_AFTER = 1000; // milliseconds without an answer until the view says so
const MOST_PRESSED = 10; // pages that come by themselves before the list's end was out of view once

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
  videos: number | undefined;
  /** The latest change of a job's stage, for a screen reader. */
  announcement = "";

  #controls: { [N in Name]: Control<Settings[N]> };
  #changed: () => void;
  #open = new Set<string>(); // what the person asked for, unanswered
  #late = new Set<string>(); // and what of it has been for a second
  #jobErrors = new Map<string, ErrorRow>();
  #debounce = 0;
  #views = 0;
  #observer: IntersectionObserver | undefined;
  #ends = new Map<Element, number>(); // the buttons it watches, and how often in a row it pressed them

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
    signal.addEventListener("abort", () => {
      clearTimeout(this.#debounce);
      this.#observer?.disconnect();
    });
  }

  /** What the controls show. */
  get settings(): Settings {
    return each((name) => this.#controls[name].shown);
  }

  /** Whether Generate has been pressed and not been answered. */
  get sending(): boolean {
    return this.#open.has("generate");
  }

  /** Why nothing can be generated now, or "". */
  get blocked(): string {
    if (this.kernel.keyless) return "Generate needs an API key, or the demo.";
    return this.settings.prompt.trim() ? "" : "Describe the video first.";
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

  /** Takes over these settings. */
  use(settings: Partial<Settings>): void {
    for (const name of SETTINGS) {
      const value = settings[name];
      if (value !== undefined) this.set(name, value as never);
    }
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
    if (this.blocked || this.sending) return;
    this.error = null;
    const reply = await this.#ask({ kind: "generate", ...this.settings });
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

  /** Asks for the rows beyond that end of what is here. */
  async more(side: Side): Promise<void> {
    const asked = this.kernel.beyond(side);
    if (!asked || this.isOpen("rows")) return;
    const reply = await this.#ask({ kind: "rows", ...asked });
    if (reply.ok) this.kernel.extend(asked, reply);
    else this.error = reply.error;
    this.#changed();
    for (const end of this.#ends.keys()) {
      // Watched anew, it is told of as it is when the rows are drawn.
      this.#observer?.unobserve(end);
      if (end.isConnected) this.#observer?.observe(end);
      else this.#ends.delete(end);
    }
  }

  /**
   * The reference of a button that is also pressed by coming into view; its `data-side` says for what. If it
   * is still in view when the page has come, it is pressed again.
   */
  readonly pressWhenSeen = (button: HTMLElement | null): void => {
    if (!button) return;
    this.#observer ??= new IntersectionObserver((seen) => {
      for (const { isIntersecting, target } of seen) {
        const times = isIntersecting ? (this.#ends.get(target) ?? 0) + 1 : 0;
        this.#ends.set(target, times);
        if (times > 0 && times <= MOST_PRESSED) void this.more((target as HTMLElement).dataset.side as Side);
      }
    });
    this.#ends.set(button, 0);
    this.#observer.observe(button);
  };

  /** Asks for something to be done with job `key`. */
  async act<K extends "cancel" | "resubmit" | "adopt" | "resume" | "code">(
    kind: K,
    key: string,
    more: Omit<Requests[K], "key"> | object = {},
  ): Promise<Payloads[K] | undefined> {
    if (this.isOpen(kind, key)) return undefined;
    this.#jobErrors.delete(key);
    const reply = (await this.#ask({ kind, key, ...more } as Request, key)) as Received<K>;
    if (!reply.ok) this.#jobErrors.set(key, reply.error);
    this.#changed();
    return reply.ok ? reply : undefined;
  }

  /** A view is there; call what is returned when it is no longer. */
  opened(): () => void {
    this.#views++;
    return () => {
      if (!--this.#views) this.kernel.media.pause();
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
    const reply = await (request.kind === "rows" ? conversation.insist(request) : conversation.ask(request));
    clearTimeout(timer);
    this.#late.delete(name);
    if (this.kernel.lossy) this.kernel.look(); // what came of it does not get here by itself
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

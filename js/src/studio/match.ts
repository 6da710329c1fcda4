// The arena of one page: which two are shown, and what is said of them.

import type { ArenaPayload, VideoRow } from "../kernel/messages.ts";
import type { Page } from "../ui/page.ts";
import { Asking } from "./asking.ts";

/** What can be said of two videos. */
export type Winner = "left" | "right" | "tie" | "skip";

/** The keys that say it. */
export const KEYS: Record<string, Winner> = {
  ArrowLeft: "left",
  "=": "tie",
  ArrowRight: "right",
  s: "skip",
};

const OFTEN = 2000; // milliseconds between counts: each looks through the library
const DOUBLE_PRESS = 400; // milliseconds: who presses sooner has not seen these two

export interface Clip {
  key: string;
  video: VideoRow;
}

export class Match extends Asking {
  /** The last answer. */
  two: ArenaPayload | undefined;
  /** When both could be seen, in milliseconds; undefined: they cannot. */
  #seen: number | undefined;
  #counted = -1; // the wall's version as of which `two` is
  #rests = false; // it was counted a moment ago

  /** The two, left and right; none where there is nothing to compare. */
  get clips(): Clip[] {
    const { left, right, left_video, right_video } = this.two ?? {};
    return left && right && left_video && right_video
      ? [
          { key: left, video: left_video },
          { key: right, video: right_video },
        ]
      : [];
  }

  /** Whether it can be said which is better. */
  get isSeen(): boolean {
    return this.#seen !== undefined;
  }

  /** Both clips can be seen from now on. */
  seen(): void {
    this.#seen ??= Date.now();
    this.page.redraw();
  }

  /** It is opened: what was shown before is of another day. */
  begin(): void {
    this.two = undefined;
    void this.next();
  }

  /** Asks for two to compare. */
  async next(): Promise<void> {
    this.#counted = this.#wall;
    this.#show(await this.ask({ kind: "arena" }));
  }

  /**
   * Has it counted anew where the library has changed since. The two that are shown stay, unless they were
   * shown before and others were not.
   */
  look(): void {
    if (!this.two || this.open || this.#rests || this.#wall === this.#counted) return;
    this.#counted = this.#wall;
    this.#rests = true;
    setTimeout(() => {
      this.#rests = false;
      this.page.redraw();
    }, OFTEN);
    void this.#count(this.two);
  }

  // Not as `ask` does it: who judges meanwhile need not wait.
  async #count(before: ArenaPayload): Promise<void> {
    const reply = await this.page.kernel.conversation.ask({ kind: "arena" });
    if (!reply.ok || this.two !== before || this.open) return;
    // Nothing is shown, or what was shown before: now there is something new.
    if (!this.clips.length || (!before.left_to_do && reply.left_to_do)) this.#show(reply);
    else {
      const { done, left_to_do, ranking } = reply;
      this.two = { ...before, done, left_to_do, ranking };
      this.page.redraw();
    }
  }

  get #wall(): number {
    return this.page.kernel.session.wall;
  }

  /** Says which is better, and asks for the next two. What was not seen can only be skipped. */
  async judge(winner: Winner): Promise<void> {
    const [left, right] = this.clips;
    const unseen = this.#seen === undefined || Date.now() - this.#seen < DOUBLE_PRESS;
    if (!left || !right || (winner !== "skip" && unseen)) return;
    this.#show(await this.ask({ kind: "judge", left: left.key, right: right.key, winner }));
  }

  #show(two: ArenaPayload | undefined): void {
    if (!two) return;
    this.two = two;
    this.#seen = undefined;
    this.page.redraw();
  }
}

const matches = new WeakMap<Page, Match>();

/** The arena of `page`. */
export function matchOf(page: Page): Match {
  const match = matches.get(page) ?? new Match(page);
  matches.set(page, match);
  return match;
}

/** How often a model of this strength (log odds) wins against an average one, in percent. */
export function percent(strength: number): number {
  return Math.round(100 / (1 + Math.exp(-strength)));
}

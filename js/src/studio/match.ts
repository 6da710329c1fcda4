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

  /** Asks for two to compare. */
  async next(): Promise<void> {
    this.#show(await this.ask({ kind: "arena" }));
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

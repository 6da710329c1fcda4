// What is on the desk of one widget: the wall's entries, which of them is in the player, which are chosen, and what
// stands in the stage's place. For all views of the widget.

import type { EntryRow } from "../kernel/messages.ts";
import type { Page } from "../ui/page.ts";

/** What stands beside the wall. */
export type Mode = "stage" | "compare" | "arena" | "money";

export const MOST_COMPARED = 6;

export class Desk {
  readonly page: Page;
  mode: Mode = "stage";
  /** The key of the entry in the player. */
  watched: string | undefined;
  /** The keys that were chosen, in that order. */
  chosen: string[] = [];

  #entries = new Map<string, EntryRow>();

  constructor(page: Page) {
    this.page = page;
  }

  /** The entry of this key, as far as it is here. */
  entry(key: string): EntryRow | undefined {
    return this.#entries.get(key);
  }

  /** These entries are here, or have changed. */
  put(entries: EntryRow[]): void {
    for (const entry of entries) this.#entries.set(entry.key, entry);
    this.page.redraw();
  }

  /** Puts it into the player. */
  watch(key: string): void {
    this.watched = key;
    this.mode = "stage";
    this.page.redraw();
  }

  /** Chooses it, or no longer. */
  choose(key: string): void {
    this.chosen = this.chosen.includes(key)
      ? this.chosen.filter((one) => one !== key)
      : [...this.chosen, key];
    this.page.redraw();
  }

  /** Shows another thing in the stage's place. */
  open(mode: Mode): void {
    this.mode = mode;
    this.page.redraw();
  }
}

const desks = new WeakMap<Page, Desk>();

/** The desk of the widget of `page`. */
export function deskOf(page: Page): Desk {
  const desk = desks.get(page) ?? new Desk(page);
  desks.set(page, desk);
  return desk;
}

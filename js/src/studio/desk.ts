// What is on the desk of one widget: the wall's entries, which of them is in the player, which are chosen,
// and what stands in the stage's place. For all views of the widget.

import type { EntryRow } from "../kernel/messages.ts";
import type { Page } from "../ui/page.ts";
import { entryOf, fits, isPlain, Shelf } from "./shelf.ts";

/** What stands beside the wall. */
export type Mode = "stage" | "compare" | "arena" | "money";

export const MOST_COMPARED = 6;
const MOST_ENTRIES = 4000; // before those that nothing shows are let go of

export class Desk {
  readonly page: Page;
  readonly shelf: Shelf;
  mode: Mode = "stage";
  /** The key of the entry in the player. */
  watched: string | undefined;
  /** The key of the entry that the person put there last: it may be on its way for long. */
  wanted: string | undefined;
  /** The keys that were chosen, in that order. */
  chosen: string[] = [];
  /** The stages of all views: while the person is busy in one, it shows what it shows. */
  readonly stages = new Set<HTMLElement>();
  /** What was done last to those that left the wall by it, in words, and what takes it back. */
  undo: { words: string; back: () => unknown } | undefined;

  #entries = new Map<string, EntryRow>();
  #newest: string | undefined;
  #theirs = false; // whether the person wants to see another than the newest

  constructor(page: Page) {
    this.page = page;
    this.shelf = new Shelf(page, this.#entries);
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
    this.watched = this.wanted = key;
    this.#theirs = key !== this.#newest;
    this.mode = "stage";
    this.page.redraw();
  }

  /** These leave the wall: another comes into the player, and the keyboard stays there if it was. */
  leave(keys: string[]): void {
    const { watched } = this;
    if (watched === undefined || !keys.includes(watched)) return;
    const next = this.#after(watched, keys);
    for (const stage of this.stages)
      if (stage.matches(":focus-within"))
        ((next && stage.querySelector<HTMLElement>(".rw-show")) || stage).focus({ preventScroll: true });
    this.watched = this.wanted = next;
    this.#theirs = !!next && next !== this.#newest;
  }

  /** Another take of the same request that the wall may show; undefined where none is known. */
  #sibling(key: string, gone: string[]): string | undefined {
    const stack = this.entry(key)?.stack;
    if (!stack) return undefined;
    return [...this.#entries.values()]
      .filter((one) => one.stack === stack && !gone.includes(one.key) && fits(this.shelf.query, one))
      .sort((one, other) => one.take - other.take)[0]?.key;
  }

  /** What comes into the place of `key`. */
  #after(key: string, gone: string[]): string | undefined {
    const { shelf } = this;
    const at = shelf.indexOf(key) ?? -1;
    const there = (one: string | undefined) => one !== undefined && !gone.includes(one);
    const near = Array.from({ length: 2 * gone.length + 2 }, (_, n) => shelf.key(at + n));
    for (let n = at - 1; n >= 0 && n > at - 2 - gone.length; n--) near.push(shelf.key(n));
    return this.#sibling(key, gone) ?? near.find(there);
  }

  /** Chooses it, or no longer. */
  choose(key: string): void {
    this.chosen = this.chosen.includes(key)
      ? this.chosen.filter((one) => one !== key)
      : [...this.chosen, key];
    this.page.redraw();
  }

  /** None is chosen any more. */
  clear(): void {
    this.chosen = [];
    if (this.mode === "compare") this.mode = "stage";
    this.page.redraw();
  }

  /** Shows another thing in the stage's place. */
  open(mode: Mode): void {
    // What has the keyboard there goes.
    for (const stage of this.stages) if (stage.matches(":focus-within")) stage.focus({ preventScroll: true });
    this.mode = mode;
    this.page.redraw();
  }

  /** At the beginning of each drawing: the newest is put into the player, unless the person chose another. */
  follow(): void {
    const { shelf, page } = this;
    shelf.look();
    let newest: { key: string; ended: number } | undefined;
    for (const job of page.kernel.jobs)
      if (job.video && (job.ended ?? job.started) > (newest?.ended ?? 0)) {
        newest = { key: job.key, ended: job.ended ?? job.started };
        const known = this.entry(job.key);
        if (!known?.video && !known?.binned) this.#entries.set(job.key, entryOf(job));
      }
    const key = newest?.key ?? (isPlain(shelf.query) ? shelf.key(0) : this.#newest);
    if (key !== this.#newest) {
      this.#newest = key;
      const busy = [...this.stages].some((stage) => stage.matches(":focus-within"));
      if (!this.#theirs && (!busy || !this.watched)) this.watched = key;
    }
    const first = shelf.key(0);
    if (!this.watched && first && this.entry(first)?.hidden === false) this.watched = first;
    if (this.#entries.size > MOST_ENTRIES) this.#tidy();
  }

  #tidy(): void {
    const shown = new Set([...this.shelf.keys, ...this.chosen, this.watched]);
    for (const key of this.#entries.keys()) if (!shown.has(key)) this.#entries.delete(key);
  }
}

const desks = new WeakMap<Page, Desk>();

/** The desk of the widget of `page`. */
export function deskOf(page: Page): Desk {
  const desk = desks.get(page) ?? new Desk(page);
  desks.set(page, desk);
  return desk;
}

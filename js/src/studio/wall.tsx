// The wall: of its tiles only those are drawn that are in view, and a few around them.

import type { EntryRow } from "../kernel/messages.ts";
import type { ComponentChildren, Instance } from "../ui/dom.ts";
import { chooseThere } from "./choices.ts";
import { type Desk, MOST_COMPARED } from "./desk.ts";
import { inView, layOut, place, rowAt, step } from "./layout.ts";
import { dayOf, fits } from "./shelf.ts";
import { Tile } from "./tile.tsx";
import { tileOf, View } from "./view.ts";

/** `2026-11-25` as a person says it: `Today`, `Wed 25 Nov`. */
export function dayName(day: string, now: number): string {
  if (day === dayOf(now)) return "Today";
  if (day === dayOf(now - 86_400)) return "Yesterday";
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const this_year = dayOf(now).startsWith(`${year}`);
  return new Date(year, month - 1, date)
    .toLocaleDateString("en-GB", {
      weekday: this_year ? "short" : undefined,
      day: "numeric",
      month: "short",
      year: this_year ? undefined : "numeric",
    })
    .replace(",", "");
}

/** What one view of the wall has of its own. */
class WallView extends View {
  key: string | undefined; // what the keyboard is at
  first: string | undefined; // what stands first in view
  firstAt = 0; // and where

  /** What is shown at the top stays there, where rows have come before it. */
  settle(): void {
    const { shelf } = this.desk;
    this.layout = layOut(
      this.width,
      shelf.days.map(({ count }) => count),
      shelf.days.some(({ day }) => day),
    );
    if (this.key !== undefined && shelf.key(this.at) !== this.key) {
      this.at = shelf.indexOf(this.key) ?? this.at;
      this.key = shelf.key(this.at);
    }
    this.at = Math.max(0, Math.min(this.at, this.layout.count - 1));
    const now = this.top && this.first !== undefined ? shelf.indexOf(this.first) : undefined;
    if (now === undefined || now === this.firstAt) return;
    this.scrollTo(this.top + place(this.layout, now).top - place(this.layout, this.firstAt).top);
  }

  override go(at: number): void {
    this.key = this.desk.shelf.key(at);
    super.go(at);
  }

  /** The keyboard goes on from one that leaves the wall by what was made of it. */
  judged(before: EntryRow): void {
    const { desk, at, layout } = this;
    const now = desk.entry(before.key);
    const { query } = desk.shelf;
    if (!now || !fits(query, before) || fits(query, now)) return;
    this.moved = true;
    if (before.takes < 2) this.go(at + 1 < layout.count ? at + 1 : Math.max(0, at - 1));
  }
}

interface Props {
  desk: Desk;
}

export const Wall = (({ desk }: Props, instance: Instance): ComponentChildren => {
  instance.state ??= new WallView(desk, instance.redraw);
  const view = instance.state as WallView;
  const { shelf } = desk;
  view.settle();
  const { layout } = view;
  const [first, last] = inView(layout, view.top, view.height);
  if (!view.flung) shelf.want(first, last);
  view.firstAt = rowAt(layout, view.top) * layout.columns;
  view.first = shelf.key(view.firstAt);
  const shown = Array.from({ length: last - first }, (_, n) => first + n);
  if (layout.count && (view.at < first || view.at >= last)) shown.push(view.at); // it may have the keyboard
  const { now } = desk.page.kernel;

  const pressed = (event: MouseEvent) => {
    const tile = tileOf(event);
    if (!tile) return;
    view.at = Number(tile.dataset.at);
    view.key = tile.dataset.key;
    const picks = !!(event.target as Element).closest(".rw-pick") || event.ctrlKey || event.metaKey;
    if (view.key) view.press(view.key, picks);
  };

  const typed = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    const key = tileOf(event)?.dataset.key;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const rtl = getComputedStyle(event.currentTarget).direction === "rtl";
    const to = step(layout, view.at, event.key, view.height, rtl);
    const entry = key === undefined ? undefined : desk.entry(key);
    if (to !== undefined) view.go(to);
    else if (entry && act(view, entry, event.key)) view.judged(entry);
    else return;
    event.preventDefault();
  };

  return (
    <div class="rw-scroll" ref={view.box} onScroll={view.scrolled}>
      <div
        class="rw-grid"
        role="listbox"
        tabindex={-1}
        aria-label="Videos"
        aria-multiselectable="true"
        style={{ height: `${layout.whole}px` }}
        onClick={pressed}
        onKeyDown={typed}
        {...view.hears}
      >
        {view.width > 0 &&
          shown.map((at) => {
            const key = shelf.key(at);
            const { top, start } = place(layout, at);
            const day = shelf.days[layout.days.get(at) ?? -1];
            return (
              <Tile
                key={key ?? at}
                desk={desk}
                entry={key === undefined ? undefined : desk.entry(key)}
                at={at}
                day={day && { name: dayName(day.day, now), count: day.count }}
                style={{
                  top: `${top}px`,
                  "inset-inline-start": `${start}px`,
                  width: `${layout.width}px`,
                  height: `${layout.height}px`,
                }}
                loop={view.loop(key)}
                flung={view.flung}
                stop={at === view.at}
                focus={view.moved && at === view.at ? view.focus : null}
              />
            );
          })}
      </div>
    </div>
  );
}) as (props: Props) => ComponentChildren;

/** Does what a key says to do with an entry; false where it says nothing. */
export function act({ desk, press }: View, entry: EntryRow, name: string): boolean {
  const { key, kept, rating } = entry;
  const stars = /^[1-5]$/.test(name) ? Number(name) : 0;
  if (name === "Enter" || name === " ") press(key, name === " ");
  else if (name === "k" || name === "x")
    void chooseThere(desk, [key], { kept: kept === (name === "k") ? null : name === "k" });
  else if (stars) void chooseThere(desk, [key], { rating: rating === stars ? null : stars });
  else if (name === "c" && desk.chosen.length > 1 && desk.chosen.length <= MOST_COMPARED)
    desk.open("compare");
  else return false;
  return true;
}

// The wall: of its tiles only those are drawn that are in view, and a few around them.

import { prefersStill } from "../kernel/host.ts";
import type { EntryRow, JobRow } from "../kernel/messages.ts";
import type { ComponentChildren, Instance } from "../ui/dom.ts";
import { chooseThere } from "./choices.ts";
import { type Desk, MOST_COMPARED } from "./desk.ts";
import { inView, type Layout, layOut, place, reach, rowAt, step } from "./layout.ts";
import { mediaOf } from "./media.ts";
import { dayOf, fits } from "./shelf.ts";
import { Tile } from "./tile.tsx";

const REST = 150; // milliseconds on a tile until it plays
const FLING = 0.2; // of the wall's height in one frame: nobody looks at what goes by
const LANDED = 100; // milliseconds without such a frame

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
class View {
  desk: Desk;
  layout: Layout = layOut(0, [], false);
  at = 0; // the tile at which Tab stops
  key: string | undefined; // and what was there
  moved = false; // whether the keyboard is to follow it
  hovered: string | undefined; // plays
  width = 0;
  height = 0;
  top = 0;
  flung = false; // goes by faster than one can look
  first: string | undefined; // what stands first in view
  firstAt = 0; // and where
  #redraw: () => void;
  #box: HTMLElement | null = null;
  #observer: ResizeObserver | undefined;
  #timer = 0;
  #landing = 0;

  constructor(desk: Desk, redraw: () => void) {
    this.desk = desk;
    this.#redraw = redraw;
  }

  readonly box = (element: HTMLElement | null): void => {
    this.#box = element;
    this.#observer?.disconnect();
    clearTimeout(this.#timer);
    clearTimeout(this.#landing);
    if (!element) return;
    this.#observer = new ResizeObserver(this.#measure);
    this.#observer.observe(element);
    this.#measure();
  };

  #measure = (): void => {
    const box = this.#box;
    if (!box) return;
    const { paddingLeft, paddingRight } = getComputedStyle(box);
    const width = box.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight);
    if (width === this.width && box.clientHeight === this.height) return;
    this.width = width;
    this.height = box.clientHeight;
    this.#redraw();
  };

  readonly focus = (element: HTMLElement | null): void => element?.focus({ preventScroll: true });

  readonly scrolled = (event: { currentTarget: HTMLElement }): void => {
    const { scrollTop } = event.currentTarget;
    const before = rowAt(this.layout, this.top);
    if (Math.abs(scrollTop - this.top) > FLING * this.height) {
      this.flung = true;
      clearTimeout(this.#landing);
      this.#landing = setTimeout(() => {
        this.flung = false;
        this.#redraw();
      }, LANDED) as unknown as number;
    }
    this.top = scrollTop;
    this.moved = false;
    if (rowAt(this.layout, scrollTop) !== before) this.#redraw();
  };

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
    const down = place(this.layout, now).top - place(this.layout, this.firstAt).top;
    this.top = Math.max(0, this.top + down);
    queueMicrotask(() => this.#box?.scrollTo(0, this.top));
  }

  /** The keyboard goes to this tile. */
  go(at: number): void {
    this.at = at;
    this.key = this.desk.shelf.key(at);
    this.moved = true;
    this.top = reach(this.layout, at, this.top, this.height);
    this.#box?.scrollTo(0, this.top);
    this.#box?.scrollIntoView({ block: "nearest" });
    this.#redraw();
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

  /** In a narrow card the player is above the wall: what was pressed is to be seen. */
  readonly reveal = (): void => {
    const desk = this.#box?.closest(".rw-desk");
    desk?.querySelector(".rw-player")?.scrollIntoView({ block: "nearest" });
  };

  rest(key: string | undefined): void {
    clearTimeout(this.#timer);
    if (this.hovered !== undefined && this.hovered !== key) {
      this.hovered = undefined;
      this.#redraw();
    }
    if (key === undefined || this.hovered === key || prefersStill()) return;
    this.#timer = setTimeout(() => {
      const media = mediaOf(this.desk.page);
      const entry = this.desk.entry(key);
      // All are in one folder: where the one in the player is served by its URL, this one is too.
      const watched = media.get(this.desk.watched ?? "");
      if (!entry?.video || watched?.state !== "ready" || watched.transport !== "url") return;
      if (!media.get(key)) media.load(entry as unknown as JobRow, false);
      this.hovered = key;
      this.#redraw();
    }, REST) as unknown as number;
  }
}

interface Props {
  desk: Desk;
}

/** The tile in which an event is. */
function tileOf(event: Event): HTMLElement | null {
  return (event.target as Element).closest<HTMLElement>("[data-at]");
}

export const Wall = (({ desk }: Props, instance: Instance): ComponentChildren => {
  instance.state ??= new View(desk, instance.redraw);
  const view = instance.state as View;
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

  const press = (key: string, picks: boolean) => {
    if (picks || desk.mode === "compare") desk.choose(key);
    else {
      desk.watch(key);
      view.reveal();
    }
  };

  const pressed = (event: MouseEvent) => {
    const tile = tileOf(event);
    if (!tile) return;
    view.at = Number(tile.dataset.at);
    view.key = tile.dataset.key;
    const picks = !!(event.target as Element).closest(".rw-pick") || event.ctrlKey || event.metaKey;
    if (view.key) press(view.key, picks);
  };

  const typed = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    const key = tileOf(event)?.dataset.key;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const rtl = getComputedStyle(event.currentTarget).direction === "rtl";
    const to = step(layout, view.at, event.key, view.height, rtl);
    const entry = key === undefined ? undefined : desk.entry(key);
    if (to !== undefined) view.go(to);
    else if (entry && act(desk, entry, event.key, press)) view.judged(entry);
    else return;
    event.preventDefault();
  };

  return (
    <div
      class="rw-scroll"
      ref={view.box}
      onScroll={view.scrolled}
      onPointerLeave={() => view.rest(undefined)}
    >
      <div
        class="rw-grid"
        role="listbox"
        tabindex={-1}
        aria-label="Videos"
        aria-multiselectable="true"
        style={{ height: `${layout.whole}px` }}
        onClick={pressed}
        onKeyDown={typed}
        onPointerOver={(event) => view.rest(tileOf(event)?.dataset.key)}
        onFocusIn={(event) => view.rest(tileOf(event)?.dataset.key)}
        onFocusOut={({ currentTarget, relatedTarget }) => {
          view.rest(undefined);
          // What comes into a tile's place takes the keyboard only if it was there.
          if (relatedTarget && !currentTarget.contains(relatedTarget as Node)) view.moved = false;
        }}
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
                loop={key !== undefined && key === view.hovered ? urlOf(desk, key) : undefined}
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

/** Where its video is, if no message of the kernel is needed for it. */
function urlOf(desk: Desk, key: string): string | undefined {
  const load = mediaOf(desk.page).get(key);
  return load?.state === "ready" && load.transport === "url" ? load.url : undefined;
}

/** Does what a key says to do with an entry; false where it says nothing. */
function act(
  desk: Desk,
  entry: EntryRow,
  name: string,
  press: (key: string, picks: boolean) => void,
): boolean {
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

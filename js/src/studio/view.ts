// What a view of many tiles has of its own: where it is, how large, what the keyboard and the pointer are at.

import { prefersStill } from "../kernel/host.ts";
import type { JobRow } from "../kernel/messages.ts";
import type { Desk } from "./desk.ts";
import { type Layout, layOut, reach, rowAt } from "./layout.ts";
import { mediaOf } from "./media.ts";

const REST = 150; // milliseconds on a tile until it plays
const FLING = 0.2; // of the height in one frame: nobody looks at what goes by
const LANDED = 100; // milliseconds without such a frame

export class View {
  desk: Desk;
  layout: Layout = layOut(0, [], false);
  at = 0; // the tile at which Tab stops
  moved = false; // whether the keyboard is to follow it
  hovered: string | undefined; // plays
  width = 0;
  height = 0;
  top = 0;
  flung = false; // goes by faster than one can look
  #redraw: () => void;
  #box: HTMLElement | null = null;
  #observer: ResizeObserver | undefined;
  #timer = 0;
  #landing = 0;
  #tried: string | undefined; // the first that was to play, where none is in the player

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

  scrollTo(top: number): void {
    this.top = Math.max(0, top);
    queueMicrotask(() => this.#box?.scrollTo(0, this.top));
  }

  /** The keyboard goes to this tile. */
  go(at: number): void {
    this.at = at;
    this.moved = true;
    this.top = reach(this.layout, at, this.top, this.height);
    this.#box?.scrollTo(0, this.top);
    this.#box?.scrollIntoView({ block: "nearest" });
    this.#redraw();
  }

  /** In a narrow card the player is above the wall: what was pressed is to be seen. */
  reveal(): void {
    const desk = this.#box?.closest(".rw-desk");
    desk?.querySelector(".rw-player")?.scrollIntoView({ block: "nearest" });
  }

  /** A tile is pressed: it plays, or is chosen to be compared. */
  readonly press = (key: string, picks: boolean): void => {
    const { desk } = this;
    if (picks || desk.mode === "compare") desk.choose(key);
    else {
      desk.watch(key);
      this.reveal();
    }
  };

  /** What the element around the tiles hears. */
  readonly hears = {
    onPointerOver: (event: Event): void => this.#rest(event),
    onFocusIn: (event: Event): void => this.#rest(event),
    onPointerLeave: (): void => this.#rest(),
    onFocusOut: ({ currentTarget, relatedTarget }: FocusEvent): void => {
      this.#rest();
      // What comes into a tile's place takes the keyboard only if it was there.
      if (relatedTarget && !(currentTarget as Element).contains(relatedTarget as Node)) this.moved = false;
    },
  };

  #rest(event?: Event): void {
    const key = event && tileOf(event)?.dataset.key;
    clearTimeout(this.#timer);
    if (this.hovered !== undefined && this.hovered !== key) {
      this.hovered = undefined;
      this.#redraw();
    }
    if (key === undefined || this.hovered === key || prefersStill()) return;
    this.#timer = setTimeout(() => {
      const media = mediaOf(this.desk.page);
      const entry = this.desk.entry(key);
      if (!entry?.video) return;
      // All are in one folder: where one is served by its URL, this one is too.
      const other = media.get(this.desk.watched ?? this.#tried ?? "");
      if (other ? other.state !== "ready" || other.transport !== "url" : this.desk.watched) return;
      if (!other) this.#tried = key;
      if (!media.get(key)) media.load(entry as unknown as JobRow, false);
      this.hovered = key;
      this.#redraw();
    }, REST) as unknown as number;
  }

  /** What plays in the tile of `key`: the URL of its video, if no message of the kernel is needed for it. */
  loop(key: string | undefined): string | undefined {
    const load = key !== undefined && key === this.hovered && mediaOf(this.desk.page).get(key);
    return load && load.state === "ready" && load.transport === "url" ? load.url : undefined;
  }
}

/** The tile in which an event is. */
export function tileOf(event: Event): HTMLElement | null {
  return (event.target as Element).closest<HTMLElement>("[data-at]");
}

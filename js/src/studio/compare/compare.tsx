// Two to six videos beside each other, or two in one picture: played, stopped and moved as one. It stands
// in the stage's place.

import { playsSound, prefersStill } from "../../kernel/host.ts";
import type { EntryRow } from "../../kernel/messages.ts";
import type { ComponentChildren, Instance } from "../../ui/dom.ts";
import type { Page } from "../../ui/page.ts";
import { keep } from "../choices.ts";
import { type Desk, MOST_COMPARED } from "../desk.ts";
import { CROSS } from "../paths.ts";
import { Press } from "../press.tsx";
import { fill, Transport } from "../transport.tsx";
import { Deck, type Part } from "./deck.ts";
import { nameOf } from "./name.ts";
import { Side } from "./side.tsx";
import { signed } from "./sync.ts";

const LAYOUTS = ["Side by side", "Wipe", "Difference"] as const;
type Layout = (typeof LAYOUTS)[number];

interface Props {
  page: Page;
  desk: Desk;
}

/** Compares the desk's chosen entries. */
export const Compare = (({ desk }: Props, instance: Instance) => {
  instance.state ??= new Comparison(desk, instance.redraw);
  return (instance.state as Comparison).draw();
}) as (props: Props) => ComponentChildren; // the renderer alone gives the second argument

/** What one view of a comparison shows and knows. */
class Comparison {
  #desk: Desk;
  #redraw: () => void;
  #deck: Deck;
  #root: HTMLElement | null = null;
  #before: Element | null = null; // what had the keyboard's focus
  #layout: Layout = "Side by side";
  #names = true;
  #prompts = false;
  #current = 1; // the one that [ ] k x are about
  #said = ""; // for a screen reader
  #sides: EntryRow[] = [];
  #parts: Part[] = [];

  constructor(desk: Desk, redraw: () => void) {
    this.#desk = desk;
    this.#redraw = redraw;
    this.#deck = new Deck(redraw);
    this.#deck.playing = !prefersStill();
  }

  draw(): ComponentChildren {
    const deck = this.#deck;
    const desk = this.#desk;
    const sides = desk.chosen.flatMap((key) => desk.entry(key) ?? []).slice(0, MOST_COMPARED);
    this.#sides = sides;
    this.#parts = deck.parts(sides.map(({ key, video }) => ({ key, length: video?.duration ?? 0 })));
    deck.first = sides.find(({ video }) => video?.audio)?.key;
    const two = sides.length === 2;
    const layout = two ? this.#layout : "Side by side";
    const tall = sides.every(({ video }) => video && video.height > video.width);
    this.#current = Math.min(this.#current, sides.length - 1);
    return (
      <section
        class={`rw-compare rw-player${tall ? " rw-upright" : ""}`}
        ref={this.#mounted}
        tabindex="-1"
        aria-label="Comparison"
        onKeyDown={this.#key}
      >
        <div class="rw-head">
          <b>Comparing {sides.length}</b>
          {two && LAYOUTS.map((one) => this.#choice(one, one === layout, () => this.#lay(one)))}
          <span class="rw-fill" />
          {this.#choice("Names", this.#names, () => this.#name())}
          {this.#choice("Prompts", this.#prompts, () => this.#prompt())}
          <Press icon={CROSS} name="Done" title="Done (Esc)" onClick={this.#done} />
        </div>
        <div class="rw-sides" data-layout={layout} data-count={sides.length}>
          {sides.map((entry, n) => (
            <Side
              key={entry.key}
              desk={desk}
              entry={entry}
              part={this.#parts[n] as Part}
              number={n + 1}
              current={n === this.#current}
              heard={deck.heard === entry.key}
              name={this.#names ? nameOf(entry, sides) : undefined}
              prompt={this.#prompts ? entry.prompt : ""}
              shift={(frames) => this.#shift(n, frames)}
              hear={() => this.#hear(n)}
              focus={() => this.#choose(n)}
              press={() => {
                this.#choose(n);
                deck.toggle();
              }}
            />
          ))}
          {layout === "Wipe" && (
            <>
              <input type="range" step="any" aria-label="How much of 1 is seen" ref={wipe} onInput={wiped} />
              <i />
            </>
          )}
        </div>
        <Transport playback={deck} ready={sides.length > 0} audio={!!deck.first} />
        <p class="rw-unseen" aria-live="polite">
          {this.#said}
        </p>
      </section>
    );
  }

  #choice(name: string, on: boolean, act: () => void) {
    const key = name[0]?.toLowerCase();
    return (
      <button
        type="button"
        class="rw-action rw-edged"
        aria-pressed={on}
        title={`${name} (${key})`}
        onClick={act}
      >
        {name}
      </button>
    );
  }

  // The keys are for who has opened it.
  #mounted = (root: HTMLElement | null): void => {
    this.#root = root;
    if (!root) {
      if (this.#before?.isConnected) (this.#before as HTMLElement).focus();
      return;
    }
    const { activeElement } = root.getRootNode() as Document;
    if (!activeElement || !root.closest(".runcrate-widget")?.contains(activeElement)) return;
    this.#before = activeElement;
    root.focus({ preventScroll: true });
  };

  #lay(layout: Layout): void {
    this.#layout = layout;
    this.#redraw();
  }

  #name(): void {
    this.#names = !this.#names;
    this.#redraw();
  }

  #prompt(): void {
    this.#prompts = !this.#prompts;
    this.#redraw();
  }

  #choose(n: number): void {
    if (this.#current === n) return;
    this.#current = n;
    this.#redraw();
  }

  #shift(n: number, frames: number): void {
    const part = this.#parts[n];
    if (!part) return;
    this.#deck.shift(part, frames);
    this.#said = `Offset of ${n + 1}: ${signed(part.offset)}`;
  }

  /** Lets this one be heard, or no longer. */
  #hear(n: number): void {
    const entry = this.#sides[n];
    if (!entry) return;
    const { heard } = this.#deck;
    const sounds = entry.video?.audio && playsSound();
    this.#current = n;
    if (sounds) this.#deck.hear(heard === entry.key ? undefined : entry.key);
    else this.#redraw();
    this.#said = !sounds ? `${n + 1} has no sound` : heard === entry.key ? "No sound" : `Sound of ${n + 1}`;
  }

  #done = (): void => this.#desk.open("stage");

  #key = (event: KeyboardEvent): void => {
    const { key } = event;
    const { type, parentElement } = event.target as HTMLInputElement;
    // Control and Alt together: how some keyboards have [ and ].
    if (event.defaultPrevented || event.ctrlKey !== event.altKey || event.metaKey) return;
    if (key === " " && type === "button") return; // is pressed by it
    if (type === "range" && parentElement?.dataset.layout && key.length > 1 && key !== "Escape") return;
    const deck = this.#deck;
    const n = this.#current;
    const entry = this.#sides[n];
    const does: Record<string, () => void> = {
      " ": () => deck.toggle(),
      ArrowLeft: () => deck.step(-1),
      ArrowRight: () => deck.step(1),
      Home: () => deck.seek(0),
      End: () => deck.seek(deck.duration),
      "[": () => this.#shift(n, -1),
      "]": () => this.#shift(n, 1),
      k: () => entry && keep(this.#desk, entry, true),
      x: () => entry && keep(this.#desk, entry, false),
      l: () => deck.setLoop(!deck.loop),
      n: () => this.#name(),
      p: () => this.#prompt(),
      f: () => this.#root && fill(this.#root),
      Escape: this.#done,
    };
    const layout = LAYOUTS.find((name) => name[0]?.toLowerCase() === key);
    const act = /^[1-6]$/.test(key)
      ? () => this.#hear(+key - 1)
      : layout
        ? () => this.#lay(layout)
        : does[key];
    if (!act) return;
    event.preventDefault();
    act();
  };
}

function wiped({ currentTarget: { value, parentElement } }: { currentTarget: HTMLInputElement }): void {
  parentElement?.style.setProperty("--rw-at", `${value}%`);
}

/** The two meet in the middle at first. */
function wipe(input: HTMLInputElement | null): void {
  if (input) wiped({ currentTarget: input });
}

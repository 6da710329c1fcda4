// Two to six videos beside each other, or two in one picture: played, stopped and moved as one. It stands in the
// stage's place.

import { playsSound, prefersStill } from "../../kernel/host.ts";
import type { EntryRow, ErrorRow } from "../../kernel/messages.ts";
import type { ComponentChildren, Instance } from "../../ui/dom.ts";
import { short } from "../../ui/format.ts";
import { Problem } from "../../ui/marks.tsx";
import type { Page } from "../../ui/page.ts";
import { type Desk, MOST_COMPARED } from "../desk.ts";
import { Deck, type Part } from "./deck.ts";
import { Side } from "./side.tsx";
import { signed } from "./sync.ts";
import { type Hands, point, Tool, Transport } from "./transport.tsx";

const LAYOUTS = { abreast: "Side by side", wipe: "Wipe", difference: "Difference" } as const;
type Layout = keyof typeof LAYOUTS;

const KEYS: Record<string, Layout> = { s: "abreast", w: "wipe", d: "difference" };

interface Props {
  page: Page;
  desk: Desk;
}

/** Compares the desk's chosen entries. */
export const Compare = (({ page, desk }: Props, instance: Instance) => {
  instance.state ??= new Comparison(page, desk, instance.redraw);
  return (instance.state as Comparison).draw();
}) as (props: Props) => ComponentChildren; // the renderer alone gives the second argument

/** What one view of a comparison shows and knows. */
class Comparison {
  #page: Page;
  #desk: Desk;
  #redraw: () => void;
  #deck: Deck;
  #hands: Hands = { scrub: null, time: null };
  #root: HTMLElement | null = null;
  #before: Element | null = null; // what had the keyboard's focus
  #layout: Layout = "abreast";
  #names = true;
  #prompts = false;
  #current: string | undefined; // the key of the one that [ ] k x are about
  #said = ""; // for a screen reader
  #error: ErrorRow | undefined;
  #sides: EntryRow[] = [];
  #parts: Part[] = [];

  constructor(page: Page, desk: Desk, redraw: () => void) {
    this.#page = page;
    this.#desk = desk;
    this.#redraw = redraw;
    this.#deck = new Deck(redraw);
    this.#deck.playing = !prefersStill();
    this.#deck.onMove = (position) => point(this.#hands, position, this.#deck.span);
  }

  draw(): ComponentChildren {
    const deck = this.#deck;
    const all = this.#desk.chosen.map((key) => this.#desk.entry(key)).filter((entry) => entry !== undefined);
    this.#sides = all.slice(0, MOST_COMPARED);
    const sides = this.#sides;
    this.#parts = deck.parts(sides.map(({ key, video }) => ({ key, length: video?.duration ?? 0 })));
    const parts = this.#parts;
    const two = sides.length === 2;
    const takes = new Set(sides.map(({ prompt }) => prompt)).size === 1;
    const layout = two ? this.#layout : "abreast";
    const tall = sides.length > 0 && sides.every(({ video }) => video && video.height > video.width);
    return (
      <section
        class={`rw-compare${tall ? " rw-tall" : ""}`}
        ref={this.#mounted}
        tabindex="-1"
        aria-label="Comparison"
        onKeyDown={this.#key}
      >
        <div class="rw-head">
          <b class="rw-comparing">
            Comparing {sides.length}
            {all.length > sides.length && ` of ${all.length}`}
          </b>
          {two && (
            <fieldset class="rw-seg" aria-label="How">
              {(Object.keys(LAYOUTS) as Layout[]).map((one) => (
                <button
                  type="button"
                  aria-pressed={layout === one}
                  title={`${LAYOUTS[one]} (${LAYOUTS[one][0]?.toLowerCase()})`}
                  onClick={() => this.#set({ layout: one })}
                >
                  {LAYOUTS[one]}
                </button>
              ))}
            </fieldset>
          )}
          <span class="rw-fill" />
          <button
            type="button"
            class="rw-tool"
            aria-pressed={this.#names}
            title="Show what each is (n)"
            onClick={() => this.#set({ names: !this.#names })}
          >
            Names
          </button>
          <button
            type="button"
            class="rw-tool rw-wide"
            aria-pressed={this.#prompts}
            title="Show the prompts (p)"
            onClick={() => this.#set({ prompts: !this.#prompts })}
          >
            Prompts
          </button>
          <Tool d="M4 4l8 8M12 4l-8 8" label="Done" hint="Esc" onClick={this.#done}>
            <span class="rw-word">Done</span>
          </Tool>
        </div>
        {this.#error && <Problem error={this.#error} />}
        {sides.length < 2 && <p class="rw-facts">Choose two to six videos to compare.</p>}
        <div class={`rw-sides rw-${layout}`} data-count={sides.length}>
          {sides.map((entry, n) => (
            <Side
              key={entry.key}
              page={this.#page}
              entry={entry}
              part={parts[n] as Part}
              number={n + 1}
              current={entry === this.#chosen}
              name={this.#names ? (takes ? `Take ${entry.take}` : short(entry.prompt, 80)) : ""}
              prompts={this.#prompts}
              shift={(frames) => this.#shift(n, frames)}
              judge={(kept) => this.#judge(entry, kept)}
              focus={() => this.#choose(entry.key)}
              press={() => {
                this.#choose(entry.key);
                deck.toggle();
              }}
            />
          ))}
          {layout === "wipe" && (
            <>
              <input
                type="range"
                class="rw-wiper"
                min="0"
                max="100"
                step="0.1"
                aria-label="How much of 1 is seen, in percent"
                ref={half}
                onInput={({ currentTarget }) =>
                  currentTarget.parentElement?.style.setProperty("--rw-at", `${currentTarget.value}%`)
                }
              />
              <span class="rw-seam" />
            </>
          )}
        </div>
        <Transport deck={deck} sides={sides} refs={this.#refs} act={(name) => this.#act(name)} />
        <p class="rw-unseen" aria-live="polite">
          {this.#said}
        </p>
      </section>
    );
  }

  get #chosen(): EntryRow | undefined {
    return this.#sides.find(({ key }) => key === this.#current) ?? this.#sides.at(1) ?? this.#sides[0];
  }

  #refs = {
    scrub: (element: HTMLInputElement | null) => this.#hand("scrub", element),
    time: (element: HTMLElement | null) => this.#hand("time", element),
  };

  #hand(name: keyof Hands, element: HTMLElement | null): void {
    (this.#hands[name] as HTMLElement | null) = element;
    point(this.#hands, this.#deck.position, this.#deck.span);
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

  #set(to: { layout?: Layout; names?: boolean; prompts?: boolean }): void {
    this.#layout = to.layout ?? this.#layout;
    this.#names = to.names ?? this.#names;
    this.#prompts = to.prompts ?? this.#prompts;
    this.#redraw();
  }

  #say(text: string): void {
    this.#said = text;
    this.#redraw();
  }

  #choose(key: string): void {
    if (this.#current === key) return;
    this.#current = key;
    this.#redraw();
  }

  #shift(n: number, frames: number): void {
    const part = this.#parts[n];
    if (!part) return;
    this.#deck.shift(part, frames);
    this.#say(`Offset of ${n + 1}: ${signed(part.offset)}`);
  }

  async #judge({ key, kept }: EntryRow, to: boolean): Promise<void> {
    const changes = { kept: kept === to ? null : to };
    const reply = await this.#page.kernel.conversation.ask({ kind: "choose", keys: [key], changes });
    this.#error = reply.ok ? undefined : reply.error;
    if (reply.ok) this.#desk.put(reply.rows ?? []);
    else this.#redraw();
  }

  /** Lets this one be heard, or no longer. */
  #hear(n: number): void {
    const entry = this.#sides[n];
    if (!entry) return;
    const off = this.#deck.heard === entry.key;
    const silent = !entry.video?.audio || !playsSound();
    this.#current = entry.key;
    if (!silent) this.#deck.hear(off ? undefined : entry.key);
    this.#say(silent ? `${n + 1} has no sound.` : off ? "No sound" : `Sound of ${n + 1}`);
  }

  #act(name: "sound" | "full"): void {
    if (name === "full") {
      if (document.fullscreenElement) void document.exitFullscreen();
      else void this.#root?.requestFullscreen?.().catch(() => this.#say("This page allows no full screen."));
      return;
    }
    // The next one that has sound; after the last of them, none.
    const at = this.#sides.findIndex(({ key }) => key === this.#deck.heard);
    const next = this.#sides.findIndex(({ video }, n) => n > at && video?.audio);
    if (next >= 0) this.#hear(next);
    else if (at >= 0) this.#hear(at);
    else this.#say("None of them has sound.");
  }

  #done = (): void => this.#desk.open("stage");

  #key = (event: KeyboardEvent): void => {
    const { key, target } = event;
    if (event.ctrlKey !== event.altKey || event.metaKey) return; // both: how some keyboards have [ and ]
    const { type, className } = target as HTMLInputElement;
    if (key === " " && type === "button") return; // is pressed by it
    if (type === "range" && className === "rw-wiper" && /^(Arrow|Home|End|Page)/.test(key)) return;
    const deck = this.#deck;
    const chosen = this.#chosen;
    const n = chosen ? this.#sides.indexOf(chosen) : -1;
    const far = event.shiftKey ? 10 : 1;
    const done: Record<string, () => unknown> = {
      " ": () => deck.toggle(),
      arrowleft: () => deck.step(-far),
      arrowright: () => deck.step(far),
      home: () => deck.seek(0),
      end: () => deck.seek(deck.span),
      "[": () => this.#shift(n, -1),
      "]": () => this.#shift(n, 1),
      "{": () => this.#shift(n, -10),
      "}": () => this.#shift(n, 10),
      k: () => chosen && this.#judge(chosen, true),
      x: () => chosen && this.#judge(chosen, false),
      l: () => deck.loop(),
      n: () => this.#set({ names: !this.#names }),
      p: () => this.#set({ prompts: !this.#prompts }),
      f: () => this.#act("full"),
      escape: this.#done,
    };
    const name = key.toLowerCase();
    const layout = KEYS[name];
    const act = /^[1-6]$/.test(key)
      ? () => this.#hear(+key - 1)
      : layout
        ? () => this.#set({ layout })
        : done[name];
    if (!act) return;
    event.preventDefault();
    act();
  };
}

/** The two meet in the middle at first. */
function half(wiper: HTMLInputElement | null): void {
  if (!wiper) return;
  wiper.value = "50";
  wiper.parentElement?.style.setProperty("--rw-at", "50%");
}

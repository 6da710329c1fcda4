// The controls of all that are compared, under them: one play, one position, one that is heard.

import type { EntryRow } from "../../kernel/messages.ts";
import type { ComponentChildren } from "../../ui/dom.ts";
import type { Deck } from "./deck.ts";
import { exact } from "./sync.ts";

/** What a drawing of the position needs; it moves without a redraw of the page. */
export interface Hands {
  scrub: HTMLInputElement | null;
  time: HTMLElement | null;
}

/** Shows `position` of `span`. */
export function point({ scrub, time }: Hands, position: number, span: number): void {
  if (scrub) {
    scrub.max = `${span}`;
    scrub.value = `${position}`;
    scrub.style.setProperty("--rw-at", `${(span && position / span) * 100}%`);
    scrub.setAttribute("aria-valuetext", exact(position));
  }
  if (time) time.textContent = `${exact(position)} / ${exact(span)}`;
}

interface Props {
  deck: Deck;
  sides: EntryRow[];
  /** The references of the scrub and the time. */
  refs: { scrub: (element: HTMLInputElement | null) => void; time: (element: HTMLElement | null) => void };
  act: (name: "sound" | "full") => void;
}

export function Transport({ deck, sides, refs, act }: Props) {
  const heard = sides.findIndex(({ key }) => key === deck.heard) + 1;
  return (
    <fieldset class="rw-deck" aria-label="All videos" data-waiting={deck.waiting}>
      <Tool
        d={deck.playing ? "M5 3.5v9M11 3.5v9" : "M5.5 3.8v8.4L12.3 8z"}
        label={deck.playing ? "Pause" : "Play"}
        hint="space"
        onClick={() => deck.toggle()}
      />
      <span class="rw-time" ref={refs.time} />
      <input
        type="range"
        class="rw-position"
        min="0"
        step="any"
        aria-label="Position"
        ref={refs.scrub}
        onInput={(event) => deck.seek(+event.currentTarget.value)}
      />
      <Tool d="M10 4L6 8l4 4M4 4v8" label="One frame back" hint="←" onClick={() => deck.step(-1)} />
      <Tool d="M6 4l4 4-4 4M12 4v8" label="One frame on" hint="→" onClick={() => deck.step(1)} />
      <Tool
        d="M4 6.5h7.5M9.5 4.5l2 2-2 2M12 9.5H4.5M6.5 7.5l-2 2 2 2"
        label="Again from the beginning"
        hint="l"
        on={deck.looping}
        onClick={() => deck.loop()}
      />
      <Tool
        d={
          heard
            ? "M2.5 6v4h2.5L8.5 13V3L5 6zM11 6a3 3 0 0 1 0 4"
            : "M2.5 6v4h2.5L8.5 13V3L5 6zM11 6l3 4M14 6l-3 4"
        }
        label={heard ? `Sound of ${heard}` : "No sound"}
        hint={`1–${sides.length}`}
        on={!!heard}
        onClick={() => act("sound")}
      >
        {heard || "–"}
      </Tool>
      <Tool
        d="M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10"
        label="Full screen"
        hint="f"
        onClick={() => act("full")}
      />
    </fieldset>
  );
}

interface ToolProps {
  d: string;
  label: string;
  hint?: string; // the key that does it
  on?: boolean;
  children?: ComponentChildren;
  onClick: () => void;
}

/** A button that is an icon. */
export function Tool({ d, label, hint, on, children, onClick }: ToolProps) {
  return (
    <button
      type="button"
      class="rw-tool"
      aria-label={label}
      aria-pressed={on}
      title={hint ? `${label} (${hint})` : label}
      onClick={onClick}
    >
      <svg class="rw-icon" viewBox="0 0 16 16" aria-hidden="true">
        <path d={d} />
      </svg>
      {children}
    </button>
  );
}

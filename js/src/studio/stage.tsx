// The stage: the chosen video in a large player, and what is known of it.

import type { Instance } from "../ui/dom.ts";
import type { Page } from "../ui/page.ts";
import { About } from "./about.tsx";
import type { Desk } from "./desk.ts";
import { isUpright, mediaOf } from "./media.ts";
import { Playback } from "./playback.ts";
import { Player, pressed } from "./player.tsx";

/** What one view keeps of it. */
interface Kept {
  playback: Playback;
  watched: string | undefined;
  before: string | undefined; // what was in the player before it
}

/** `desk.watched`. Each view has a player of its own. */
export function Stage({ page, desk }: { page: Page; desk: Desk }, instance?: Instance) {
  const { state, redraw } = instance as Instance;
  const kept = (state ?? { playback: new Playback(redraw) }) as Kept;
  (instance as Instance).state = kept;
  const { watched } = desk;
  const entry = watched === undefined ? undefined : desk.entry(watched);
  if (!entry) return null;
  if (watched !== kept.watched) {
    kept.before = kept.watched;
    kept.watched = watched;
  }
  const media = mediaOf(page);
  if (entry.video && !media.get(entry.key)) media.load(entry, desk.wanted === watched);
  const other = [...desk.chosen.filter((key) => key !== watched), kept.before].flatMap(
    (key) => (key !== undefined && desk.entry(key)) || [],
  )[0];
  return (
    <section
      class={`rw-show${isUpright(entry) ? " rw-upright" : ""}`}
      aria-label="The chosen video"
      data-key={entry.key}
      tabindex={-1}
      onKeyDown={(event) => pressed(event, desk, entry, kept.playback)}
    >
      <Player desk={desk} entry={entry} playback={kept.playback} />
      <About key={entry.key} desk={desk} entry={entry} other={other} playback={kept.playback} />
    </section>
  );
}

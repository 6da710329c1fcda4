// What is known of the video in the player, and what can be done with it.

import type { EntryRow } from "../kernel/messages.ts";
import { clock, size } from "../ui/format.ts";
import { Demo, Problem } from "../ui/marks.tsx";
import { stateful } from "../ui/stateful.ts";
import { Begins } from "./begins.tsx";
import { Choice } from "./choice.tsx";
import { refusal } from "./choices.ts";
import type { Desk } from "./desk.ts";
import type { Playback } from "./playback.ts";
import { Press } from "./press.tsx";
import { Steps } from "./steps.tsx";
import { Takes, takesOf } from "./takes.tsx";
import { Words } from "./words.tsx";

interface Props {
  desk: Desk;
  entry: EntryRow;
  other: EntryRow | undefined; // chosen, or seen before: what its prompt may be compared with
  playback: Playback;
}

export const About = stateful<Props, boolean>(false, ({ desk, entry, other, playback }, open, set) => {
  const { key, prompt } = entry;
  const { page } = desk;
  const takes = takesOf(desk, entry);
  const error = refusal(desk, key) ?? page.jobError(key);
  return (
    <div class="rw-about">
      <div class="rw-what">
        <div class="rw-wording">
          <p dir="auto" title={prompt}>
            {prompt}
          </p>
          <Press icon="chevron" name="The whole prompt" on={open} onClick={() => set(!open)} />
        </div>
        <p class="rw-facts">
          {entry.demo && !page.kernel.session.demo && <Demo />} {facts(entry, takes.length)}
        </p>
        <p class="rw-facts">{made(entry, page.kernel.now)}</p>
        <Begins page={page} entry={entry} />
        {takes.length > 1 && <Takes desk={desk} takes={takes} watched={key} />}
      </div>
      <Choice desk={desk} entry={entry} />
      {open && <Words desk={desk} entry={entry} other={other} />}
      <Steps desk={desk} entry={entry} playback={playback} />
      {error && <Problem error={error} />}
    </div>
  );
});

/** `Veo 3.0 · 4 s · 16:9 · take 2 of 4`. */
function facts(entry: EntryRow, takes: number): string {
  const { duration, video, take } = entry;
  const seconds = duration ?? (video && Math.round(video.duration));
  const count = Math.max(takes, entry.takes);
  return [
    entry.model_name,
    seconds === null ? "" : `${seconds} s`,
    entry.aspect_ratio,
    count > 1 && take <= count ? `take ${take} of ${count}` : take > 1 && `take ${take}`,
  ]
    .filter(Boolean)
    .join(" · ");
}

/** `made in 0:51 at 14:02 · by ann · $1.60 · 3.1 MB`; the day where it was another. */
function made({ made, created, owner, cost, video }: EntryRow, now: number): string {
  const day = (seconds: number) => new Date(seconds * 1000).toDateString();
  const at = new Date((created + (made ?? 0)) * 1000);
  const when: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  if (day(created) !== day(now)) Object.assign(when, { day: "numeric", month: "short" });
  if (at.getFullYear() !== new Date(now * 1000).getFullYear()) when.year = "numeric";
  return [
    `made ${made === null ? "" : `in ${clock(made)} `}at ${at.toLocaleString("en-GB", when)}`,
    owner && `by ${owner}`,
    cost === null ? "" : `$${cost.toFixed(2)}`,
    video && size(video.size),
  ]
    .filter(Boolean)
    .join(" · ");
}

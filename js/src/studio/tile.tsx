// One tile of the wall.

import type { EntryRow } from "../kernel/messages.ts";
import { short } from "../ui/format.ts";
import { Icon } from "../ui/icons.tsx";
import type { Desk } from "./desk.ts";
import { isUpright } from "./media.ts";
import { mute } from "./mute.ts";
import { CROSS, LAYERS } from "./signs.ts";

interface Props {
  desk: Desk;
  entry: EntryRow | undefined; // undefined until it is here
  at: number;
  day: { name: string; count: number } | undefined; // which begins with it
  style: Record<string, string>;
  loop: string | undefined; // the URL of what is played in it
  flung: boolean; // nothing is asked for that only goes by
  stop: boolean; // whether Tab stops at it
  focus: ((element: HTMLElement | null) => void) | null;
}

/** What a screen reader says of it. */
function said(entry: EntryRow, day: Props["day"]): string {
  const { takes, kept, rating, prompt, duration, model_name } = entry;
  return [
    day?.name ?? "",
    short(prompt, 120),
    model_name,
    duration ? `${duration} s` : "",
    entry.video ? "" : entry.status,
    takes > 1 ? `${takes} takes` : "",
    kept ? "kept" : kept === false ? "rejected" : "",
    rating ? `${rating} of 5` : "",
    entry.hidden ? "put away" : "",
  ]
    .filter(Boolean)
    .join(", ");
}

/** What the pointer is told. */
function hint({ prompt, model_name, aspect_ratio, take, takes }: EntryRow, seconds: number): string {
  const facts = [
    model_name,
    seconds > 0 && `${seconds} s`,
    aspect_ratio,
    takes > 1 ? `take ${take}, one of ${takes}` : take > 1 && `take ${take}`,
  ];
  return `${short(prompt, 200)}\n${facts.filter(Boolean).join(" · ")}`;
}

export function Tile({ desk, entry, at, day, style, loop, flung, stop, focus }: Props) {
  const chosen = entry ? desk.chosen.indexOf(entry.key) + 1 : 0;
  const poster = entry?.video && desk.shelf.poster(entry.key, !flung);
  const seconds = entry?.duration ?? Math.round(entry?.video?.duration ?? 0);
  const tall = entry && isUpright(entry);
  const isWatched = entry?.key === desk.watched;
  const several = (desk.shelf.wall?.models.length ?? 0) > 1;
  const classes = [
    "rw-tile",
    entry && entry.takes > 1 && "rw-stack",
    tall && "rw-tall",
    entry?.kept === false && "rw-rejected",
    chosen > 0 && "rw-chosen",
  ];
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: it has a tabindex, in lower case
    <div
      role="option"
      class={classes.filter(Boolean).join(" ")}
      data-key={entry?.key}
      data-at={at}
      style={style}
      tabindex={stop ? 0 : -1}
      ref={focus}
      title={entry && hint(entry, seconds)}
      aria-selected={chosen > 0}
      aria-current={isWatched ? "true" : undefined}
      aria-posinset={at + 1}
      aria-setsize={desk.shelf.count}
    >
      <span class="rw-unseen">{entry ? said(entry, day) : "Not here yet"}</span>
      <span aria-hidden="true">
        {day && (
          <span class="rw-day">
            {day.name} <small>{day.count}</small>
          </span>
        )}
        {poster && tall && <img class="rw-behind" src={poster} alt="" />}
        {poster && <img src={poster} alt="" />}
        {entry && !entry.video && (
          <span class="rw-words" dir="auto">
            <Icon name={entry.status === "failed" ? "failed" : "cancelled"} />
            {short(entry.prompt, 60)}
          </span>
        )}
        {loop && (
          // biome-ignore lint/a11y/useMediaCaption: it is mute, and there are no captions to show
          <video ref={mute} src={loop} loop autoplay playsinline />
        )}
        {entry?.kept != null && (
          <span class={`rw-over ${entry.kept ? "rw-kept" : "rw-no"}`}>
            <Icon name={entry.kept ? "done" : CROSS} />
          </span>
        )}
        {entry && entry.takes > 1 && (
          <span class="rw-over rw-count">
            <Icon name={LAYERS} />
            {entry.takes}
          </span>
        )}
        {entry?.video && (
          <span class="rw-foot">
            {isWatched && <Icon name="play" />}
            {entry.rating ? <span class="rw-rate">★ {entry.rating}</span> : null}
            <span class={`rw-model${several ? " rw-several" : ""}`}>{entry.model_name}</span>
            {seconds > 0 && <span class="rw-length">{seconds} s</span>}
          </span>
        )}
        {entry && (
          <span class="rw-pick" title="Choose it, to compare (Space)">
            {chosen || ""}
          </span>
        )}
      </span>
    </div>
  );
}

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
export function said(entry: EntryRow, day?: Props["day"]): string {
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
export function hint({ prompt, model_name, aspect_ratio, take, takes }: EntryRow, seconds: number): string {
  const facts = [
    model_name,
    seconds > 0 && `${seconds} s`,
    aspect_ratio,
    takes > 1 ? `take ${take}, one of ${takes}` : take > 1 && `take ${take}`,
  ];
  return `${short(prompt, 200)}\n${facts.filter(Boolean).join(" · ")}`;
}

/** What a tile is styled by. */
export function classes(desk: Desk, entry: EntryRow | undefined): string {
  return [
    "rw-tile",
    entry && entry.takes > 1 && "rw-stack",
    entry && isUpright(entry) && "rw-tall",
    entry?.kept === false && "rw-rejected",
    entry && desk.chosen.includes(entry.key) && "rw-chosen",
  ]
    .filter(Boolean)
    .join(" ");
}

function secondsOf(entry: EntryRow | undefined): number {
  return entry?.duration ?? Math.round(entry?.video?.duration ?? 0);
}

export function Tile({ desk, entry, at, day, style, loop, flung, stop, focus }: Props) {
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: it has a tabindex, in lower case
    <div
      role="option"
      class={classes(desk, entry)}
      data-key={entry?.key}
      data-at={at}
      style={style}
      tabindex={stop ? 0 : -1}
      ref={focus}
      title={entry && hint(entry, secondsOf(entry))}
      aria-selected={!!entry && desk.chosen.includes(entry.key)}
      aria-current={entry && entry.key === desk.watched ? "true" : undefined}
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
        {entry && <Face desk={desk} entry={entry} loop={loop} flung={flung} />}
      </span>
    </div>
  );
}

interface FaceProps {
  desk: Desk;
  entry: EntryRow;
  loop: string | undefined;
  flung: boolean;
  foot?: string | undefined; // in the place of the model and the length
}

/** What is seen of it. */
export function Face({ desk, entry, loop, flung, foot }: FaceProps) {
  const chosen = desk.chosen.indexOf(entry.key) + 1;
  const poster = entry.video && desk.shelf.poster(entry.key, !flung);
  const seconds = secondsOf(entry);
  const tall = isUpright(entry);
  const several = foot !== undefined || (desk.shelf.wall?.models.length ?? 0) > 1;
  return (
    <>
      {poster && tall && <img class="rw-behind" src={poster} alt="" />}
      {poster && <img src={poster} alt="" />}
      {!entry.video && (
        <span class="rw-words" dir="auto">
          <Icon name={entry.status === "failed" ? "failed" : "cancelled"} />
          {short(entry.prompt, 60)}
        </span>
      )}
      {loop && (
        // biome-ignore lint/a11y/useMediaCaption: it is mute, and there are no captions to show
        <video ref={mute} src={loop} loop autoplay playsinline />
      )}
      {entry.kept != null && (
        <span class={`rw-over ${entry.kept ? "rw-kept" : "rw-no"}`}>
          <Icon name={entry.kept ? "done" : CROSS} />
        </span>
      )}
      {entry.takes > 1 && (
        <span class="rw-over rw-count">
          <Icon name={LAYERS} />
          {entry.takes}
        </span>
      )}
      {entry.video && (
        <span class="rw-foot">
          {entry.key === desk.watched && <Icon name="play" />}
          {entry.rating ? <span class="rw-rate">★ {entry.rating}</span> : null}
          <span class={`rw-model${several ? " rw-several" : ""}`}>{foot ?? entry.model_name}</span>
          {foot === undefined && seconds > 0 && <span class="rw-length">{seconds} s</span>}
        </span>
      )}
      <span class="rw-pick" title="Choose it, to compare (Space)">
        {chosen || ""}
      </span>
    </>
  );
}

// One video: on its way, playing, or not to be had.

import { playsSound, prefersStill } from "../kernel/host.ts";
import type { EntryRow, VideoRow } from "../kernel/messages.ts";
import type { Loading } from "../kernel/videos.ts";
import { Action } from "../ui/actions.tsx";
import { clock, progress, size } from "../ui/format.ts";
import type { Page } from "../ui/page.ts";
import { keep, rate } from "./choices.ts";
import type { Desk } from "./desk.ts";
import { mediaOf } from "./media.ts";
import { jpegOf, type Playback } from "./playback.ts";
import { fill, Transport } from "./transport.tsx";

const POSTER_SIDE = 480; // pixels
const POSTER_LENGTH = 14_600; // characters of base64: 11,000 bytes are what a poster may have

interface Props {
  desk: Desk;
  entry: EntryRow;
  playback: Playback;
}

export function Player({ desk, entry, playback }: Props) {
  const { video } = entry;
  const { page } = desk;
  const media = mediaOf(page);
  const poster = video ? (desk.shelf.poster(entry.key) ?? media.poster(entry)) : undefined;
  const loading = media.get(entry.key);
  const ready = loading?.state === "ready" ? loading : undefined;
  return (
    <div class="rw-player" data-transport={ready?.transport}>
      {video && ready ? (
        // biome-ignore lint/a11y/useMediaCaption: there are no captions to show
        <video
          ref={playback.attach}
          class="rw-frame"
          src={ready.url}
          poster={poster}
          tabindex={0}
          loop={playback.loop}
          playsinline
          autoplay={!prefersStill()}
          preload="auto"
          aria-label={entry.prompt}
          onClick={() => playback.toggle()}
          onError={({ currentTarget }) => media.refused(entry, currentTarget)}
          onTimeUpdate={({ currentTarget }) => {
            // A first frame is often black.
            if (currentTarget.currentTime >= Math.min(1, video.duration / 2))
              media.shown(entry.key, () => posterOf(currentTarget));
          }}
        />
      ) : (
        <div
          class="rw-frame"
          style={{ "--rw-poster": poster ? `url("${poster}")` : null }}
          role={trouble(loading) ? "alert" : "status"}
        >
          <Message page={page} entry={entry} loading={loading} />
        </div>
      )}
      <Transport playback={playback} ready={!!ready} audio={!!video?.audio} />
      {video?.audio && !playsSound() && (
        <p class="rw-facts">
          This notebook cannot play the sound. The file has it: <code>{video.path}</code>
        </p>
      )}
    </div>
  );
}

/** A key on the picture, or anywhere about it where it does nothing else. */
export function pressed(
  event: KeyboardEvent & { currentTarget: HTMLElement },
  desk: Desk,
  entry: EntryRow,
  playback: Playback,
): void {
  const { key, currentTarget } = event;
  const inside = event.target as Element;
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (inside.matches("textarea, select, input:not([type=range])")) return;
  const moves: Record<string, () => void> = {
    " ": () => playback.toggle(),
    Enter: () => playback.toggle(),
    ArrowLeft: () => playback.step(-1),
    ArrowRight: () => playback.step(1),
    Home: () => playback.seek(0),
    End: () => playback.seek(playback.duration),
  };
  const does: Record<string, () => void> = {
    l: () => playback.setLoop(!playback.loop),
    m: () => playback.setMuted(!playback.muted),
    f: () => fill(currentTarget.querySelector(".rw-transport") as Element),
    k: () => keep(desk, entry, true),
    x: () => keep(desk, entry, false),
  };
  if (!inside.closest("button, a, input")) Object.assign(does, moves);
  const act = /^[1-5]$/.test(key) ? () => rate(desk, entry, Number(key)) : does[key];
  if (!act) return;
  event.preventDefault();
  act();
}

function trouble(loading: Loading | undefined): boolean {
  return loading?.state === "failed" || loading?.state === "broken";
}

/** Why it is not seen yet, or at all. */
export function Message({
  page,
  entry,
  loading,
}: {
  page: Page;
  entry: EntryRow;
  loading: Loading | undefined;
}) {
  const { video, binned, status } = entry;
  const media = mediaOf(page);
  if (!video) {
    if (entry.error)
      return (
        <p>
          {entry.error.message} {entry.error.hint}
        </p>
      );
    if (status !== "completed") return <p>{status}</p>;
    return <p>{binned ? "It is in the bin." : "It is not in the library."}</p>;
  }
  const load = () => media.load(entry);
  const failed = loading?.state === "failed" && loading;
  if (trouble(loading))
    return (
      <>
        <p>{failed ? failed.message : "This browser cannot play it."}</p>
        <p>
          The file is at <code>{video.path}</code>
        </p>
        {failed && (
          <Action icon="again" onClick={load}>
            Try again
          </Action>
        )}
      </>
    );
  if (loading?.state === "asking") return <Ask page={page} video={video} load={load} />;
  if (loading?.state !== "loading") return <p>{size(video.size)}</p>;
  const received = progress(loading.received, video.size);
  return <p>{loading.waiting ? `${received} · waiting for the kernel` : received}</p>;
}

function Ask({ page, video, load }: { page: Page; video: VideoRow; load: () => void }) {
  const { rate } = mediaOf(page).link;
  return (
    <Action icon="save" title="It takes long over this connection" onClick={load}>
      Load {size(video.size)}
      {rate ? ` (about ${clock(video.size / rate)})` : ""}
    </Action>
  );
}

/** The frame that `video` shows, small enough for a poster. */
function posterOf(video: HTMLVideoElement): string | undefined {
  for (const quality of [0.8, 0.6, 0.4, 0.2, 0.1]) {
    const jpeg = jpegOf(video, POSTER_SIDE, quality);
    if (jpeg && jpeg.length <= POSTER_LENGTH) return jpeg;
  }
  return undefined;
}

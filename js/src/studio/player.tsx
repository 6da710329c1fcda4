// One video: on its way, playing, or not to be had.

import { playsSound, prefersStill } from "../kernel/host.ts";
import type { JobRow, VideoRow } from "../kernel/messages.ts";
import type { Loading } from "../kernel/videos.ts";
import { Action } from "../ui/actions.tsx";
import { clock, progress, size } from "../ui/format.ts";
import type { Page } from "../ui/page.ts";

const POSTER_SIDE = 480; // pixels
const POSTER_LENGTH = 14_600; // characters of base64: 11,000 bytes are what a poster may have

interface Props {
  page: Page;
  job: JobRow;
  video: VideoRow;
  loading: Loading;
  poster: string | undefined;
  begin: boolean; // whether it plays at once
  load: () => void;
}

export function Player(props: Props) {
  const { video, loading } = props;
  return (
    <div class="rw-player" data-transport={loading.state === "ready" ? loading.transport : undefined}>
      {loading.state === "ready" ? (
        <Picture {...props} url={loading.url} />
      ) : (
        <div class="rw-frame" style={shape(props)} role={trouble(loading) ? "alert" : "status"}>
          <Message {...props} />
        </div>
      )}
      {video.audio && !playsSound() && (
        <p class="rw-facts">
          This notebook cannot play the sound. The file has it: <code>{video.path}</code>
        </p>
      )}
    </div>
  );
}

function shape({ video, loading, poster }: Props): Record<string, string> {
  const shape = { "--rw-shape": `${video.width || 16}/${video.height || 9}` };
  return poster && loading.state !== "ready" ? { ...shape, "--rw-poster": `url("${poster}")` } : shape;
}

function trouble({ state }: Loading): boolean {
  return state === "failed" || state === "broken";
}

function Picture(props: Props & { url: string }) {
  const { page, job, video, poster, begin, url } = props;
  return (
    // biome-ignore lint/a11y/useMediaCaption: there are no captions to show
    <video
      ref={mute}
      class="rw-frame"
      style={shape(props)}
      src={url}
      poster={poster}
      controls
      loop
      playsinline
      autoplay={begin && !prefersStill()}
      preload={begin ? "auto" : "metadata"}
      aria-label={job.prompt}
      onError={() => page.kernel.media.refused(job)}
      onTimeUpdate={({ currentTarget }) => {
        // A first frame is often black.
        if (currentTarget.currentTime >= Math.min(1, video.duration / 2))
          page.kernel.media.shown(job.key, () => jpegOf(currentTarget));
      }}
    />
  );
}

// As a property: with the attribute alone the video was not muted, and an unmuted one may not start by
// itself.
function mute(element: HTMLVideoElement | null): void {
  if (element) element.muted = true;
}

function Message({ page, video, loading, load }: Props) {
  const { rate } = page.kernel.media.link;
  if (trouble(loading))
    return (
      <>
        <p>
          {loading.state === "failed" ? loading.message : "This notebook's browser cannot play the video."}
        </p>
        <p>
          The file is at <code>{video.path}</code>
        </p>
        {loading.state === "failed" && (
          <Action icon="again" onClick={load}>
            Try again
          </Action>
        )}
      </>
    );
  if (loading.state === "asking")
    return (
      <Action icon="save" title="It takes long over this connection" onClick={load}>
        Load {size(video.size)}
        {rate ? ` (about ${clock(video.size / rate)})` : ""}
      </Action>
    );
  if (loading.state !== "loading") return <p>{size(video.size)}</p>;
  const received = progress(loading.received, video.size);
  return <p>{loading.waiting ? `${received} · waiting for the kernel` : received}</p>;
}

/** The frame that `video` shows as a JPEG in base64, small enough for a poster. */
function jpegOf(video: HTMLVideoElement): string | undefined {
  const { videoWidth: width, videoHeight: height } = video;
  const scale = Math.min(1, POSTER_SIDE / Math.max(width, height));
  const canvas = Object.assign(document.createElement("canvas"), {
    width: width * scale,
    height: height * scale,
  });
  canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
  for (const quality of [0.8, 0.6, 0.4, 0.2, 0.1]) {
    const jpeg = canvas.toDataURL("image/jpeg", quality).split(",")[1] ?? "";
    if (jpeg.length <= POSTER_LENGTH) return jpeg;
  }
  return undefined;
}

// One video: on its way, playing, or not to be had.

import { Action } from "./actions.tsx";
import { progress, size } from "./format.ts";
import { playsSound, prefersStill } from "./host.ts";
import type { JobRow, VideoRow } from "./messages.ts";
import { stateful } from "./stateful.ts";
import type { Loading } from "./videos.ts";

interface Props {
  job: JobRow;
  video: VideoRow;
  loading: Loading;
  start: boolean; // whether it plays at once
  retry: () => void;
}

export const Player = stateful<Props, boolean>(false, (props, broken, setBroken) => {
  const { job, video, loading, start, retry } = props;
  const shape = { "--rw-shape": `${video.width || 16}/${video.height || 9}` };
  let picture = (
    <div class="rw-frame" style={shape} role="status">
      {message(loading, video)}
    </div>
  );
  if (loading.state === "failed")
    picture = (
      <div class="rw-frame" style={shape} role="alert">
        <p>{loading.message}</p>
        <p>
          The file is at <code>{video.path}</code>
        </p>
        <Action icon="again" onClick={retry}>
          Try again
        </Action>
      </div>
    );
  if (loading.state === "ready" && !broken)
    picture = (
      // biome-ignore lint/a11y/useMediaCaption: there are no captions to show
      <video
        ref={mute}
        class="rw-frame"
        style={shape}
        src={loading.url}
        controls
        loop
        playsinline
        autoplay={start && !prefersStill()}
        preload="auto"
        aria-label={job.prompt}
        onError={() => setBroken(true)}
      />
    );
  if (broken)
    picture = (
      <div class="rw-frame" style={shape} role="alert">
        <p>This notebook's browser cannot play the video.</p>
        <p>
          The file is at <code>{video.path}</code>
        </p>
      </div>
    );
  return (
    <div class="rw-player">
      {picture}
      {video.audio && !playsSound() && (
        <p class="rw-facts">
          This notebook cannot play the sound. The file has it: <code>{video.path}</code>
        </p>
      )}
    </div>
  );
});

// As a property: with the attribute alone the video was not muted, and an unmuted one may not start by itself.
function mute(element: HTMLVideoElement | null): void {
  if (element) element.muted = true;
}

function message(loading: Loading, video: VideoRow): string {
  if (loading.state !== "loading") return size(video.size);
  const received = progress(loading.received, video.size);
  return loading.waiting ? `${received} · waiting for the kernel` : received;
}

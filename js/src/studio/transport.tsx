// The controls of the player, below the picture: none of it is ever covered.

import { playsSound } from "../kernel/host.ts";
import { BACK, FULL, LOOP, ON, PAUSE, SILENT, SOUND } from "./paths.ts";
import type { Playback } from "./playback.ts";
import { Press } from "./press.tsx";

/** What it moves: one video, or several as one. */
export type Controls = Pick<
  Playback,
  | "playing"
  | "duration"
  | "time"
  | "words"
  | "loop"
  | "muted"
  | "label"
  | "bar"
  | "toggle"
  | "seek"
  | "step"
  | "setLoop"
  | "setMuted"
>;

interface Props {
  playback: Controls;
  ready: boolean;
  audio: boolean;
}

export function Transport({ playback, ready, audio }: Props) {
  const { playing, duration, time, words, loop, muted } = playback;
  const heard = audio && playsSound();
  return (
    <div class="rw-transport">
      <Press
        icon={playing ? PAUSE : "play"}
        name={playing ? "Pause" : "Play"}
        off={!ready}
        onClick={() => playback.toggle()}
      />
      <span class="rw-time" ref={playback.label}>
        {words}
      </span>
      <input
        ref={playback.bar}
        class="rw-scrub"
        type="range"
        min="0"
        max={duration || 1}
        step="any"
        value={`${time}`}
        disabled={!ready}
        aria-label="Position"
        aria-valuetext={words}
        style={{ "--rw-at": `${(100 * time) / (duration || 1)}%` }}
        onInput={(event) => playback.seek(Number(event.currentTarget.value))}
        onKeyDown={(event) => {
          // Its own steps would be a tenth of it.
          const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
          if (!way) return;
          event.preventDefault();
          playback.step(way);
        }}
      />
      <Press icon={BACK} name="One frame back" off={!ready} onClick={() => playback.step(-1)} />
      <Press icon={ON} name="One frame on" off={!ready} onClick={() => playback.step(1)} />
      <Press icon={LOOP} name="Loop" on={loop} onClick={() => playback.setLoop(!loop)} />
      <Press
        icon={muted || !heard ? SILENT : SOUND}
        name="Sound"
        title={heard ? "Sound" : audio ? "This notebook cannot play the sound" : "It has no sound"}
        on={heard && !muted}
        off={!heard}
        onClick={() => playback.setMuted(!muted)}
      />
      {document.fullscreenEnabled && (
        <Press
          icon={FULL}
          name="Full screen"
          off={!ready}
          onClick={({ currentTarget }) => fill(currentTarget)}
        />
      )}
    </div>
  );
}

/** The player fills the screen, or no longer. */
export function fill(within: Element): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else void within.closest(".rw-player")?.requestFullscreen();
}

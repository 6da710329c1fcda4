// What one player plays: its clock, and what the controls below it do. The browser's own element has the
// truth of it; whether it loops and is heard outlives the element.

import { clock } from "../ui/format.ts";

const FRAME = 1 / 24; // seconds, until two frames have been seen

export class Playback {
  video: HTMLVideoElement | null = null;
  loop = true;
  muted = true;

  #changed: () => void;
  #bar: HTMLInputElement | null = null;
  #time: HTMLElement | null = null;
  #frame = FRAME; // seconds that a frame is shown
  #shown: number | undefined; // when the frame that is shown begins

  /** Calls `changed` when the controls are to be drawn anew. The time that is shown moves without that. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get playing(): boolean {
    return !!this.video && !this.video.paused;
  }

  /** Seconds; 0 until it is known. */
  get duration(): number {
    const length = this.video?.duration ?? 0;
    return Number.isFinite(length) ? length : 0;
  }

  get time(): number {
    return this.video?.currentTime ?? 0;
  }

  /** How far it is, in words. */
  get words(): string {
    return `${clock(this.time)} / ${clock(this.duration)}`;
  }

  /** The reference of the element that plays. */
  readonly attach = (video: HTMLVideoElement | null): void => {
    this.video = video;
    if (!video) return;
    // As a property: with the attribute alone the video was not muted, and an unmuted one may not start by
    // itself.
    video.muted = this.muted;
    this.#shown = undefined;
    const drawn = () => this.#changed();
    for (const event of ["play", "pause", "loadedmetadata", "emptied"]) video.addEventListener(event, drawn);
    for (const event of ["timeupdate", "seeked", "loadedmetadata"]) video.addEventListener(event, this.#tick);
    if ("requestVideoFrameCallback" in video) this.#watch(video); // Firefox has it since 132
  };

  /** The references of what shows the time. */
  readonly bar = (element: HTMLInputElement | null): void => {
    this.#bar = element;
  };
  readonly label = (element: HTMLElement | null): void => {
    this.#time = element;
  };

  /** Plays, or pauses. */
  toggle(): void {
    if (this.playing) this.video?.pause();
    else void this.video?.play().catch(() => {}); // another has been put in its place
  }

  /** Goes to `time`, in seconds. */
  seek(time: number): void {
    if (this.video) this.video.currentTime = Math.max(0, Math.min(time, this.duration));
    this.#tick();
  }

  /** Pauses, and shows the frame that is so many further on. */
  step(frames: number): void {
    this.video?.pause();
    // To the middle of a frame: at its edge it may be this one or the other.
    const begin = this.#shown ?? this.time;
    this.#shown = undefined;
    this.seek(begin + (frames + 0.5) * this.#frame);
  }

  setLoop(loop: boolean): void {
    this.loop = loop;
    this.#changed();
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    if (this.video) this.video.muted = muted;
    this.#changed();
  }

  /**
   * The last frame as a JPEG in base64, and when in the video it is, in seconds; it is shown then. "": the
   * page may not have it.
   */
  async lastFrame(quality = 0.92): Promise<{ at: number; jpeg: string } | undefined> {
    const { video } = this;
    if (!video?.videoWidth) return undefined;
    video.pause();
    const seeked = new Promise((resolve) => video.addEventListener("seeked", resolve, { once: true }));
    const at = Math.max(0, this.duration - this.#frame / 2);
    this.seek(at);
    await seeked;
    const jpeg = jpegOf(video, Math.max(video.videoWidth, video.videoHeight), quality);
    return { at, jpeg: jpeg ?? "" };
  }

  /** Shows the time, without a redraw of all that is on the page. */
  #tick = (): void => {
    const { time } = this;
    if (this.#time?.firstChild) (this.#time.firstChild as Text).data = this.words;
    if (!this.#bar) return;
    this.#bar.value = `${time}`;
    this.#bar.ariaValueText = this.words;
    this.#bar.style.setProperty("--rw-at", `${(100 * time) / (this.duration || 1)}%`);
  };

  /** Follows the frames that are shown. */
  #watch(video: HTMLVideoElement): void {
    let before: VideoFrameCallbackMetadata | undefined;
    const next = (_: number, now: VideoFrameCallbackMetadata) => {
      if (video !== this.video) return;
      const apart = now.mediaTime - (before?.mediaTime ?? now.mediaTime);
      const frames = now.presentedFrames - (before?.presentedFrames ?? now.presentedFrames);
      if (this.playing && frames === 1 && apart > 0.004 && apart < 0.2) this.#frame = apart;
      before = now;
      this.#shown = now.mediaTime;
      this.#tick();
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  }
}

/**
 * The frame that `video` shows as a JPEG in base64; its longer side has at most `side` pixels. Undefined
 * where it plays from a store, whose pixels are not the page's.
 */
export function jpegOf(video: HTMLVideoElement, side: number, quality: number): string | undefined {
  const { videoWidth: width, videoHeight: height } = video;
  const scale = Math.min(1, side / Math.max(width, height));
  const canvas = Object.assign(document.createElement("canvas"), {
    width: width * scale,
    height: height * scale,
  });
  canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
  try {
    return canvas.toDataURL("image/jpeg", quality).split(",")[1];
  } catch {
    return undefined;
  }
}

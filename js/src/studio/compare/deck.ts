// Videos that play as one: started, stopped and moved together, and held together while they play. One of
// them leads at its own speed; the others are made a little faster or slower until they are where it is.

import type { Controls } from "../transport.tsx";
import { exact, frameOf, leader, middle, moves, span, steer, type Track, timeIn } from "./sync.ts";

const ENOUGH = 3; // readyState: HAVE_FUTURE_DATA
const AGAIN = 1000; // milliseconds until all are put in their places anew

/** One of them. */
export class Part implements Track {
  readonly key: string;
  offset = 0;
  video: HTMLVideoElement | null = null;
  /** To be given to its element. */
  readonly ref: (video: HTMLVideoElement | null) => void;
  /** Times between frames that were shown one after the other. */
  readonly seen: number[] = [];

  #usual: number;

  /** `usual`: its length, until the browser knows. */
  constructor(key: string, usual: number, attached: (part: Part, video: HTMLVideoElement | null) => void) {
    this.key = key;
    this.#usual = usual;
    this.ref = (video) => attached(this, video);
  }

  get length(): number {
    return this.video?.duration || this.#usual;
  }
}

type Here = Part & { video: HTMLVideoElement };

export class Deck implements Controls {
  playing = false;
  loop = true;
  /** The key of the one that is heard. */
  heard: string | undefined;
  /** The key of the one that is heard if the person only wants sound. */
  first: string | undefined;

  #parts = new Map<string, Part>();
  #ends = new Map<Part, AbortController>();
  #position = 0;
  #late = false; // whether the position has changed since they were last sent to it
  #running = false; // as opposed to: they wait for one of them
  #placed = 0; // when they were last put in their places while playing
  #bar: HTMLInputElement | null = null;
  #label: HTMLElement | null = null;
  #changed: () => void;

  /** Calls `changed` after each change that is seen, but for the position. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Seconds: the common position of all. */
  get time(): number {
    return this.#position;
  }

  /** Seconds until the last of them is at its end. */
  get duration(): number {
    return span([...this.#parts.values()]);
  }

  get words(): string {
    return `${exact(this.#position)} / ${exact(this.duration)}`;
  }

  get muted(): boolean {
    return !this.heard;
  }

  readonly bar = (element: HTMLInputElement | null): void => {
    this.#bar = element;
  };
  readonly label = (element: HTMLElement | null): void => {
    this.#label = element;
  };

  /** The length of a frame, in seconds. */
  get #frame(): number {
    return Math.min(...[...this.#parts.values()].map(({ seen }) => frameOf(seen)));
  }

  /** The parts with these keys, in that order; there are no others then. */
  parts(tracks: { key: string; length: number }[]): Part[] {
    this.#parts = new Map(
      tracks.map(({ key, length }) => [key, this.#parts.get(key) ?? new Part(key, length, this.#attach)]),
    );
    return [...this.#parts.values()];
  }

  /** Plays, from the beginning where they are at the end; or stops all of them on the same frame. */
  toggle(): void {
    this.playing = !this.playing;
    const ended = this.playing && this.#position >= this.duration - this.#frame;
    this.seek(ended ? 0 : this.#position);
  }

  setLoop(loop: boolean): void {
    this.loop = loop;
    this.#changed();
  }

  setMuted(muted: boolean): void {
    this.hear(muted ? undefined : this.first);
  }

  /** Goes to `position`; if they play, they play on from there. */
  seek(position: number): void {
    const frame = this.#frame;
    this.#position = middle(Math.max(0, Math.min(position, this.duration - frame)), frame);
    this.#late = true;
    this.#stop();
    this.#show();
    this.#settle();
    this.#changed();
  }

  /** Stops, and goes on by `frames`. */
  step(frames: number): void {
    this.playing = false;
    this.seek(middle(this.#position, this.#frame, frames));
  }

  /** Moves `part` against the others by `frames`; 0: back to where it began. */
  shift(part: Part, frames: number): void {
    part.offset = frames && Math.round(part.offset / this.#frame + frames) * this.#frame;
    this.seek(this.#position);
  }

  /** Lets the one with this key be heard, or none. */
  hear(key: string | undefined): void {
    this.heard = key;
    for (const { video, key } of this.#here) video.muted = key !== this.heard;
    this.#changed();
  }

  /** The parts whose video is there. */
  get #here(): Here[] {
    return [...this.#parts.values()].filter((part): part is Here => !!part.video?.readyState);
  }

  #attach = (part: Part, video: HTMLVideoElement | null): void => {
    this.#ends.get(part)?.abort();
    this.#ends.delete(part);
    part.video?.pause();
    part.video = video;
    if (!video) return;
    const end = new AbortController();
    this.#ends.set(part, end);
    video.muted = part.key !== this.heard; // a muted one may begin by itself
    const place = () => this.seek(this.#position);
    video.addEventListener("loadedmetadata", place, { signal: end.signal });
    for (const event of ["seeked", "canplay", "waiting"])
      video.addEventListener(event, this.#settle, { signal: end.signal });
    if (video.readyState) place();
    this.#watch(part, video, end.signal);
  };

  /** Learns how long a frame is. */
  #watch(part: Part, video: HTMLVideoElement, signal: AbortSignal): void {
    let last = -1;
    const look = (_: number, { mediaTime }: VideoFrameCallbackMetadata) => {
      if (signal.aborted || part.seen.length > 60) return;
      if (!video.seeking && last >= 0) part.seen.push(mediaTime - last);
      last = mediaTime;
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback?.(look);
  }

  // Sends them to the position; once all are there and can play, they play if they should.
  #settle = (): void => {
    const here = this.#here;
    const frame = this.#frame;
    if (this.#running) {
      if (here.some(({ video }) => this.#lacks(video))) {
        this.#stop(); // all wait for the slowest
        this.#late = true;
        this.#changed();
      } else return;
    }
    if (here.some(({ video }) => video.seeking)) return;
    if (this.#late) {
      this.#late = false;
      for (const part of here) {
        const time = timeIn(part, this.#position, frame);
        if (Math.abs(part.video.currentTime - time) > 1e-4) part.video.currentTime = time;
      }
      if (here.some(({ video }) => video.seeking)) return;
    }
    const moving = here.filter((part) => moves(part, this.#position, frame));
    if (this.playing && here.length && moving.every(({ video }) => video.readyState >= ENOUGH))
      this.#start(moving);
  };

  /** Shows the position, without a redraw of all that is on the page. */
  #show(): void {
    const text = this.#label?.firstChild as Text | undefined;
    if (text) text.data = this.words;
    if (!this.#bar) return;
    this.#bar.value = `${this.#position}`;
    this.#bar.ariaValueText = this.words;
    this.#bar.style.setProperty("--rw-at", `${(100 * this.#position) / (this.duration || 1)}%`);
  }

  #lacks(video: HTMLVideoElement): boolean {
    return !video.paused && !video.ended && video.readyState < ENOUGH;
  }

  #start(moving: Here[]): void {
    this.#running = true;
    this.#placed = performance.now();
    for (const { video } of moving) {
      video.playbackRate = 1;
      this.#run(video);
    }
    this.#changed();
    requestAnimationFrame(this.#tick);
  }

  #run(video: HTMLVideoElement): void {
    if (!video.paused || video.ended) return; // one that has ended would begin anew
    video.play().catch((error: Error) => {
      // Sound before anything was pressed. (Others are that it was stopped meanwhile.)
      if (error.name !== "NotAllowedError") return;
      this.hear(undefined);
      if (this.playing) this.toggle();
    });
  }

  #stop(): void {
    this.#running = false;
    for (const { video } of this.#here) video.pause();
  }

  #tick = (): void => {
    if (!this.#running) return;
    const here = this.#here;
    const frame = this.#frame;
    const heard = here.findIndex(({ key }) => key === this.heard);
    const first = here[leader(here, this.#position, frame, heard)];
    if (first) {
      this.#run(first.video);
      first.video.playbackRate = 1;
      this.#position = first.video.currentTime - first.offset;
    }
    if (!first || this.#position >= this.duration - frame / 2) {
      this.#finish();
      return;
    }
    this.#show();
    for (const part of here) if (part !== first) this.#follow(part, frame);
    if (this.#running) requestAnimationFrame(this.#tick);
  };

  #follow(part: Here, frame: number): void {
    const { video } = part;
    if (!moves(part, this.#position, frame)) {
      video.pause();
      return;
    }
    this.#run(video);
    const ahead = video.currentTime - this.#position - part.offset;
    const rate = steer(ahead, video.playbackRate, frame);
    if (rate !== undefined) {
      if (Math.abs(rate - video.playbackRate) > 0.01 || rate === 1) video.playbackRate = rate;
    } else if (performance.now() - this.#placed > AGAIN) this.seek(this.#position);
  }

  /** All have come to their ends. */
  #finish(): void {
    if (!this.loop) this.playing = false;
    this.seek(this.loop ? 0 : this.duration);
  }
}

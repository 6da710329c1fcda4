// The arithmetic of videos that play as one. Times are in seconds. Pure functions: deck.ts has the videos.

/** A video among others: it is `offset` further on than their common position. */
export interface Track {
  length: number;
  offset: number;
}

const USUAL = 1 / 24; // of a frame, until frames have been seen
const LONGEST = 1 / 8;
const SHORTEST = 1 / 130;
const STRAY = 0.3; // further than this it is not steered, but put in its place
const TIME_TO_MEET = 0.3; // in which one that strayed comes back
const MOST_STEERED = 0.25; // of its speed

/** The position at which the last of `tracks` has come to its end. */
export function span(tracks: Track[]): number {
  return Math.max(0, ...tracks.map(({ length, offset }) => length - offset));
}

/** Where in `track` the common `position` is: on its first or last frame where it has none of its own. */
export function timeIn({ length, offset }: Track, position: number, frame: number): number {
  return Math.max(0, Math.min(position + offset, length - frame / 2));
}

/** Whether `track` moves at `position`: it is neither before its beginning nor on its last frame. */
export function moves({ length, offset }: Track, position: number, frame: number): boolean {
  return position + offset >= 0 && position + offset < length - frame / 2;
}

/** The middle of the frame at `position`, or of one `by` frames from there: no rounding leads to another. */
export function middle(position: number, frame: number, by = 0): number {
  return (Math.floor(position / frame + 1e-6) + by + 0.5) * frame;
}

/**
 * The one of `tracks` that the others follow: the one that is `heard`, for sound that changes its speed is
 * heard; else the one that plays longest. -1 where none moves.
 */
export function leader(tracks: Track[], position: number, frame: number, heard = -1): number {
  let best = -1;
  let rest = 0;
  for (const [n, track] of tracks.entries()) {
    if (!moves(track, position, frame)) continue;
    if (n === heard) return n;
    const left = track.length - track.offset;
    if (best < 0 || left > rest) [best, rest] = [n, left];
  }
  return best;
}

/**
 * How fast one plays that is `ahead` of where it should be (or behind: below 0) and plays at `rate`;
 * undefined if it is too far away for that. Small differences are let be, unless it is on its way already.
 */
export function steer(ahead: number, rate: number, frame: number): number | undefined {
  if (Math.abs(ahead) > STRAY) return undefined;
  if (Math.abs(ahead) < frame / (rate === 1 ? 4 : 12)) return 1;
  return 1 - Math.max(-MOST_STEERED, Math.min(ahead / TIME_TO_MEET, MOST_STEERED));
}

/** The length of a frame, as `seen` says: the times between frames that were shown one after the other. */
export function frameOf(seen: number[]): number {
  const times = seen.filter((time) => time > SHORTEST && time < LONGEST);
  // Some were left out between two that were shown; and files round their times, rates are whole.
  return times.length ? 1 / Math.round(1 / Math.min(...times)) : USUAL;
}

/** `seconds` with hundredths: `0:01.04`. */
export function exact(seconds: number): string {
  const hundredths = Math.round(Math.max(0, seconds) * 100);
  const rest = ((hundredths % 6000) / 100).toFixed(2).padStart(5, "0");
  return `${Math.floor(hundredths / 6000)}:${rest}`;
}

/** An offset as it is read: `+0.25 s`, `−1.00 s`. */
export function signed(seconds: number): string {
  return `${seconds < -0.004 ? "−" : "+"}${Math.abs(seconds).toFixed(2)} s`;
}

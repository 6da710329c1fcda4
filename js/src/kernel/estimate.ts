// How long a video will take, from how long others like it took (the answer to `times`). Pure functions, the
// same as in `runcrate_widget/jobs/estimate.py`, which says why they are right; a test compares the two.

/** Seconds that earlier videos took, shortest first. */
type Times = readonly number[];

/** What the next time is below with a probability of `share`. */
function below(times: Times, share: number): number | null {
  const count = times.length;
  const place = share * (count + 1);
  if (count < 4 || place < 1 || place > count) return null;
  const under = Math.floor(place);
  const first = times[under - 1] as number;
  return first + (place - under) * ((times[under] ?? first) - first);
}

/** From and to, in seconds: 8 of 10 are within, or 6 where fewer are known. null: too few are. */
export function usual(times: Times): [number, number] | null {
  for (const share of [0.1, 0.2]) {
    const low = below(times, share);
    const high = below(times, 1 - share);
    if (low !== null && high !== null) return [low, high];
  }
  return null;
}

/**
 * Seconds from its begin at which `share` of the videos that took longer than `elapsed` are done. null: too
 * few did.
 */
export function doneBy(times: Times, share = 0.8, elapsed = 0): number | null {
  return below(
    times.filter((one) => one > elapsed),
    share,
  );
}

/** How far a bar may be, from 0 to below 1. null: too few times are known, and there is no bar. */
export function progressOf(times: Times, elapsed: number): number | null {
  const end = below(times, 0.8);
  if (!end) return null;
  return elapsed <= end ? (0.9 * elapsed) / end : 0.9 + 0.09 * (1 - end / elapsed);
}

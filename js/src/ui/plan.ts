// What a press of Generate costs, in words. Pure.

import { dollars } from "./format.ts";

/**
 * What `videos` of `duration` seconds cost: `costs 3 × 4 s ≈ $4.80`; where no price is known, `12 s of
 * video`.
 */
export function costs(videos: number, duration: number | null, price: number | null, demo: boolean): string {
  if (duration === null) return "";
  const seconds = videos > 1 ? `${videos} × ${duration} s` : `${duration} s`;
  if (demo) return `${seconds}, free`;
  if (price === null) return `${videos * duration} s of video`;
  return `costs ${seconds} ≈ ${dollars(videos * duration * price)}`;
}

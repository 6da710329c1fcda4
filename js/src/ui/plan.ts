// What a press of Generate asks for, and what that costs. Pure functions.

import type { LimitRow, ModelRow } from "../kernel/messages.ts";
import { dollars } from "./format.ts";

/** What `videos` of `duration` seconds cost: `costs 3 × 4 s ≈ $4.80`; where no price is known, `12 s of video`. */
export function costs(videos: number, duration: number | null, price: number | null, demo: boolean): string {
  if (duration === null) return "";
  const seconds = videos > 1 ? `${videos} × ${duration} s` : `${duration} s`;
  if (demo) return `${seconds}, free`;
  if (price === null) return `${videos * duration} s of video`;
  return `costs ${seconds} ≈ ${dollars(videos * duration * price)}`;
}

/** What is left of a limit: `$8.80 left`. */
export function left(limit: LimitRow | null | undefined): string {
  if (!limit) return "";
  const parts = [
    limit.dollars === null ? "" : dollars(limit.dollars),
    limit.seconds === null ? "" : `${Math.floor(limit.seconds)} s`,
  ];
  return `${parts.filter(Boolean).join(" and ")} left`;
}

/** Why the limit forbids `videos` of `duration` seconds, or "". The kernel decides by the same rules. */
export function beyond(
  limit: LimitRow | null | undefined,
  videos: number,
  duration: number | null,
  row: ModelRow | undefined,
): string {
  const seconds = duration === null ? null : videos * duration;
  const price = row?.price ?? null;
  if (limit?.seconds != null) {
    if (seconds === null) return "The limit is in seconds: choose a duration.";
    if (seconds > limit.seconds + 1e-6)
      return `The limit has ${Math.floor(limit.seconds)} s of video left; this takes ${seconds} s.`;
  }
  if (limit?.dollars != null) {
    if (seconds === null || price === null)
      return "The limit is in dollars, and what this costs is not known.";
    if (seconds * price > limit.dollars + 1e-6)
      return `The limit has ${dollars(limit.dollars)} left; this costs ${dollars(seconds * price)}.`;
  }
  return "";
}

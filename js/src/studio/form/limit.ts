// What a limit leaves, and what it forbids. Pure.

import type { LimitRow, ModelRow } from "../../kernel/messages.ts";
import { dollars } from "../../ui/format.ts";

/** What is left of a limit: `$8.80 left`. */
export function left(limit: LimitRow): string {
  const parts = [
    limit.dollars === null ? "" : dollars(limit.dollars),
    limit.seconds === null ? "" : `${Math.floor(limit.seconds)} s`,
  ];
  return `${parts.filter(Boolean).join(" and ")} left`;
}

/** Why the limit forbids `videos` of `duration` seconds, or "". The kernel decides by the same rules. */
export function beyond(
  limit: LimitRow,
  videos: number,
  duration: number | null,
  row: ModelRow | undefined,
): string {
  const seconds = duration === null ? null : videos * duration;
  const price = row?.price ?? null;
  const cost = seconds === null || price === null ? null : seconds * price;
  return (
    over(limit.seconds, seconds, (amount) => `${Math.floor(amount)} s of video`) ||
    over(limit.dollars, cost, dollars)
  );
}

function over(left: number | null, wanted: number | null, word: (amount: number) => string): string {
  if (left === null) return "";
  if (wanted === null) return `The limit has ${word(left)} left, and what this takes of it is not known.`;
  return wanted > left + 1e-6 ? `The limit has ${word(left)} left; this takes ${word(wanted)}.` : "";
}

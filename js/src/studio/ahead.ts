// What is ahead of jobs that are being made, from how long earlier ones took.

import { doneBy, progressOf, usual } from "../kernel/estimate.ts";
import type { Page } from "../ui/page.ts";
import type { Times } from "../ui/times.ts";

/** Where a job is, by what is known. Seconds since the epoch. */
export interface Ahead {
  /** When 8 of 10 like it are done. */
  by: number | undefined;
  /** How far the bar is, from 0 to below 1; undefined: there is none. */
  share: number | undefined;
  /** Whether it takes longer than is usual. */
  over?: boolean;
}

/**
 * What is ahead of one that was sent at `submitted`, and made since `processing`, as far as that is known.
 */
export function ahead(
  times: Times | undefined,
  submitted: number | null,
  processing: number | null,
  now: number,
): Ahead {
  if (!times || submitted === null) return { by: undefined, share: undefined };
  // Once the making has begun, its own times say more; the bar is of the whole way, so that it does not jump.
  const since = processing !== null && times.making.length ? processing : submitted;
  const of = since === processing ? times.making : times.whole;
  const seconds = doneBy(of, 0.8, now - since);
  const [, most = 0] = usual(times.whole) ?? [];
  return {
    by: seconds === null ? undefined : since + seconds,
    share: progressOf(times.whole, now - submitted) ?? undefined,
    over: !!most && now - submitted > most,
  };
}

/**
 * When all are done, about: those that are under way, and `waiting` more of which the times of some are
 * known. undefined: of one of them nothing is known.
 */
export function allBy(
  running: readonly Ahead[],
  next: readonly (Times | undefined)[],
  waiting: number,
  now: number,
): number | undefined {
  if (running.some(({ by }) => by === undefined)) return undefined;
  const ends = running.map(({ by }) => by as number);
  const each = next.map((times) => times && doneBy(times.whole, 0.5));
  if (waiting && (!each.length || each.some((one) => one == null))) return undefined;
  const mean = waiting ? (each as number[]).reduce((sum, one) => sum + one, 0) / each.length : 0;
  // As many at a time as there are now.
  const work = ends.reduce((sum, by) => sum + by - now, 0) + waiting * mean;
  return Math.max(now + work / (running.length || 1), ...ends);
}

/** A moment by the kernel's clock as the page's clock has it, the next whole minute: `14:41`. */
export function timeOfDay(page: Page, seconds: number): string {
  const here = seconds - page.kernel.conversation.clockOffset;
  return new Date(Math.ceil(here / 60) * 60_000).toTimeString().slice(0, 5);
}

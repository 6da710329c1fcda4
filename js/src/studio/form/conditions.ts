// What the form says of the service, from what its jobs have met. Pure.

import type { JobRow } from "../../kernel/messages.ts";
import { isRunning } from "../../kernel/state.ts";

/** What who presses Generate should know, or "". `jobs`: the newest first. */
export function conditions(jobs: JobRow[]): string {
  const met = (what: RegExp) => jobs.some((job) => isRunning(job) && what.test(job.note));
  if (met(/^rate limit/)) return "The service asks for a pause: what is generated now waits its turn.";
  if (met(/^(reconnecting|trying|asking)/))
    return "The service does not answer: what is generated now waits.";
  const sent = jobs.find((job) => job.status !== "waiting" && job.status !== "cancelled");
  const { kind } = sent?.error ?? {};
  if (kind === "key") return "The key was refused at the last try: give another one first.";
  return kind === "credits" ? "No credits were left at the last try: add some first." : "";
}

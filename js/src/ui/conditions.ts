// What the form says of the service, from what its jobs have met. Pure.

import type { JobRow } from "../kernel/messages.ts";
import { isRunning } from "../kernel/state.ts";

const ENDED = new Map([
  ["credits", "There were no credits left at the last try: add some, then generate."],
  ["key", "The service refused the key at the last try."],
  ["permission", "The service did not allow it at the last try."],
]);

/** What who presses Generate should know, or "". `jobs`: the newest first. */
export function conditions(jobs: JobRow[]): string {
  const notes = jobs.filter(isRunning).map((job) => job.note);
  if (notes.some((note) => note.startsWith("rate limit")))
    return "The service asks for a pause. What is generated now waits for its turn.";
  if (notes.some((note) => /^(reconnecting|trying again|asking again)/.test(note)))
    return "The service does not answer just now. What is generated now is sent when it does.";
  const sent = jobs.find((job) => job.status !== "waiting" && job.status !== "cancelled");
  return ENDED.get(sent?.error?.kind ?? "") ?? "";
}

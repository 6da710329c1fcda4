// How long earlier videos took: asked of the kernel once a model and duration, and again when one more is
// there.

import { usual } from "../kernel/estimate.ts";
import type { Payloads } from "../kernel/messages.ts";
import type { Page } from "./page.ts";

/** Seconds, shortest first: of the making, of the queue before it, and of both. */
export type Times = Payloads["times"];

type Known = Map<string, { times?: Times }>;

const known = new WeakMap<Page, Known>();

/** What is known of videos of this model and duration; undefined until the kernel has answered. */
export function timesOf(page: Page, model: string, duration: number | null): Times | undefined {
  const { kernel } = page;
  let all = known.get(page);
  if (!all) {
    const mine: Known = new Map();
    all = mine;
    known.set(page, mine);
    kernel.followers.push((jobs) => {
      for (const job of jobs)
        if (job.status === "completed") void ask(page, mine, nameOf(page, job.model, job.duration), job);
    });
  }
  const name = nameOf(page, model, duration);
  if (!all.has(name)) {
    all.set(name, {});
    void ask(page, all, name, { model, duration });
  }
  return all.get(name)?.times;
}

// The demo's times are its own.
function nameOf(page: Page, model: string, duration: number | null): string {
  return `${page.kernel.session.demo} ${duration} ${model}`;
}

async function ask(
  page: Page,
  all: Known,
  name: string,
  { model, duration }: { model: string; duration: number | null },
): Promise<void> {
  const entry = all.get(name);
  if (!entry) return; // nobody has wanted it
  const reply = await page.kernel.conversation.insist({ kind: "times", model, duration });
  if (!reply.ok) return;
  entry.times = reply;
  page.redraw();
}

/** `usually 45–70 s`, or "" where too few are known. */
export function usually(times: Times | undefined): string {
  const range = times && usual(times.whole);
  if (!range) return "";
  const [from, to] = range.map(Math.round) as [number, number];
  return to < 120 ? `usually ${from}–${to} s` : `usually ${inMinutes(from)}–${inMinutes(to)} min`;
}

function inMinutes(seconds: number): string {
  return seconds < 570 ? String(Math.round(seconds / 6) / 10) : String(Math.round(seconds / 60));
}

// What tells somebody who is elsewhere that a video is there: the tab's title, and the browser's notification
// where they said yes to that.

import type { JobRow } from "../kernel/messages.ts";
import { Action } from "../ui/actions.tsx";
import { short } from "../ui/format.ts";
import type { Page } from "../ui/page.ts";

const ENDS = ["completed", "failed", "unconfirmed"];

const watched = new WeakSet<Page>();
let ended = 0; // since one is elsewhere
let mark = ""; // what stands before the tab's title

/** From now on. */
export function watch(page: Page): void {
  if (watched.has(page)) return;
  watched.add(page);
  page.kernel.followers.push((news) => {
    const ends = news.filter((job) => ENDS.includes(job.status));
    if (ends.length && isElsewhere()) tell(ends);
  });
}

/** Has the browser ask whether it may notify; there as long as it has not been answered. */
export function Bell({ page }: { page: Page }) {
  if (globalThis.Notification?.permission !== "default") return null;
  const ask = async () => {
    await Notification.requestPermission();
    page.redraw();
  };
  return <Action icon="bell" title="Tell me when they are done" onClick={ask} />;
}

function isElsewhere(): boolean {
  return document.hidden || !document.hasFocus();
}

function tell(ends: JobRow[]): void {
  ended += ends.length;
  entitle(`(${ended}) `);
  document.addEventListener("visibilitychange", back);
  addEventListener("focus", back);
  if (globalThis.Notification?.permission !== "granted") return;
  const [one] = ends as [JobRow];
  // One in the place of the other.
  const notice = new Notification(ended > 1 ? `${ended} videos have ended` : `A video is ${one.status}`, {
    body: short(one.prompt, 100),
    tag: "runcrate",
  });
  notice.onclick = () => window.focus();
}

function back(): void {
  if (isElsewhere()) return;
  ended = 0;
  entitle("");
}

// The page may have given itself another title meanwhile.
function entitle(next: string): void {
  const { title } = document;
  document.title = next + (title.startsWith(mark) ? title.slice(mark.length) : title);
  mark = next;
}

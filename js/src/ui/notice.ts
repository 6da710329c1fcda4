// What tells somebody who is elsewhere that a video is there: the tab's title, and the browser's notification
// where they said yes to that.

import type { JobRow } from "../kernel/messages.ts";
import { short } from "./format.ts";
import type { Page } from "./page.ts";

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

/** Whether the browser's question has not been answered. */
export function canAsk(): boolean {
  return "Notification" in window && Notification.permission === "default";
}

/** Has the browser ask whether it may notify. */
export async function mayTell(page: Page): Promise<void> {
  await Notification.requestPermission();
  page.redraw();
}

function isElsewhere(): boolean {
  return document.hidden || !document.hasFocus();
}

function tell(ends: JobRow[]): void {
  if (!ended) {
    document.addEventListener("visibilitychange", back);
    window.addEventListener("focus", back);
  }
  unmark();
  ended += ends.length;
  mark = `(${ended}) `;
  document.title = mark + document.title;
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const [one] = ends as [JobRow];
  const what = one.status === "completed" ? "Your video is ready" : `A video is ${one.status}`;
  // One after the other in one place.
  const notice = new Notification(ends.length > 1 ? `${ends.length} videos have ended` : what, {
    body: short(one.prompt, 100),
    tag: "runcrate-widget",
  });
  notice.onclick = () => {
    window.focus();
    notice.close();
  };
}

function back(): void {
  if (isElsewhere()) return;
  document.removeEventListener("visibilitychange", back);
  window.removeEventListener("focus", back);
  unmark();
  ended = 0;
  mark = "";
}

// The page may have given itself another title meanwhile.
function unmark(): void {
  if (mark && document.title.startsWith(mark)) document.title = document.title.slice(mark.length);
}

// Of which video a picture is a frame, in words: as far as this page knows.

import type { FrameRow } from "../../kernel/messages.ts";
import { short } from "../../ui/format.ts";
import type { Page } from "../../ui/page.ts";
import { deskOf } from "../desk.ts";

const LONGEST = 40; // characters of its prompt
const LAST = 0.2; // seconds before its end

const known = new WeakMap<Page, Map<string, string>>(); // by the picture's sha256

/** `frame` (such as "the last frame") with the video that it is of: `the last frame of “A red kite…”`. */
export function frameOf(page: Page, frame: string, { key }: FrameRow): string {
  const { prompt } = deskOf(page).entry(key) ?? page.kernel.jobs.find((job) => job.key === key) ?? {};
  return prompt ? `${frame} of “${short(prompt, LONGEST)}”` : frame;
}

/** The picture is this frame: it is remembered, once it is known of which video. */
export function frameAt(page: Page, sha256: string, frame: FrameRow): void {
  const { key, at } = frame;
  if (known.get(page)?.has(sha256)) return;
  remember(page, sha256, "a frame of another video");
  const say = () => {
    const length = deskOf(page).entry(key)?.video?.duration;
    const last = length !== undefined && at > length - LAST;
    remember(page, sha256, frameOf(page, last ? "the last frame" : `the frame at ${at.toFixed(1)} s`, frame));
  };
  if (deskOf(page).entry(key)) say();
  // It is not in view. To change nothing of it is to ask for its row.
  else
    void page.kernel.conversation.ask({ kind: "choose", keys: [key], changes: {} }).then((reply) => {
      if (!reply.ok || !reply.rows.length) return;
      deskOf(page).put(reply.rows);
      say();
    });
}

/** The picture is this. */
export function remember(page: Page, sha256: string, words: string): void {
  const all = known.get(page) ?? new Map();
  known.set(page, all.set(sha256, words));
}

/** What the picture is. */
export function origin(page: Page, sha256: string): string {
  return known.get(page)?.get(sha256) ?? "a picture";
}

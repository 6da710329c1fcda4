// Of which video a picture is a frame, in words: as far as this page knows.

import type { FrameRow } from "../../kernel/messages.ts";
import { short } from "../../ui/format.ts";
import type { Page } from "../../ui/page.ts";
import { deskOf } from "../desk.ts";

const LONGEST = 40; // characters of its prompt

const known = new WeakMap<Page, Map<string, string>>(); // by the picture's sha256

/** `frame` (such as "the last frame") with the video that it is of: `the last frame of “A red kite…”`. */
export function frameOf(page: Page, frame: string, { key }: FrameRow): string {
  const { prompt } = deskOf(page).entry(key) ?? page.kernel.jobs.find((job) => job.key === key) ?? {};
  return prompt ? `${frame} of “${short(prompt, LONGEST)}”` : frame;
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

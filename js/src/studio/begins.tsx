// What a video begins with, where that is a picture: a small one of it, and what it is.

import type { EntryRow } from "../kernel/messages.ts";
import type { Page } from "../ui/page.ts";
import { origin } from "./form/origin.ts";

/** By the picture's sha256: its URL, or "" where there is nothing to see. */
const thumbnails = new WeakMap<Page, Map<string, string>>();

function thumbnail(page: Page, sha256: string): string {
  const known = thumbnails.get(page) ?? new Map<string, string>();
  thumbnails.set(page, known);
  const url = known.get(sha256);
  if (url !== undefined) return url;
  known.set(sha256, "");
  const { conversation, signal } = page.kernel;
  void conversation.insist({ kind: "picture_of", sha256 }).then((reply) => {
    if (!reply.ok || !reply.bytes) return;
    const made = URL.createObjectURL(new Blob([reply.bytes]));
    signal.addEventListener("abort", () => URL.revokeObjectURL(made));
    known.set(sha256, made);
    page.redraw();
  });
  return "";
}

export function Begins({ page, entry }: { page: Page; entry: EntryRow }) {
  const sha256 = page.kernel.jobs.find(({ key }) => key === entry.key)?.picture;
  if (!sha256) return null;
  const url = thumbnail(page, sha256);
  return (
    <p class="rw-facts rw-begins">
      {url && <img src={url} alt="" />}
      <span dir="auto">begins with {origin(page, sha256)}</span>
    </p>
  );
}

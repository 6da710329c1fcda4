// What a video begins with, where that is a picture: a small one of it, and what it is.

import type { EntryRow } from "../kernel/messages.ts";
import type { Page } from "../ui/page.ts";
import { frameAt, origin } from "./form/origin.ts";

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

export function Begins({ page, entry: { picture, frame } }: { page: Page; entry: EntryRow }) {
  if (!picture) return null;
  const url = thumbnail(page, picture);
  if (frame) frameAt(page, picture, frame);
  return (
    <p class="rw-facts rw-begins">
      {url && <img src={url} alt="" />}
      <span dir="auto">begins with {origin(page, picture)}</span>
    </p>
  );
}

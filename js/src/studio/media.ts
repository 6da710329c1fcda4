// The videos and posters of a widget: of all its views.

import type { EntryRow } from "../kernel/messages.ts";
import { Videos } from "../kernel/videos.ts";
import type { Page } from "../ui/page.ts";

const known = new WeakMap<Page, Videos>();

/** Those of the widget of `page`. */
export function mediaOf(page: Page): Videos {
  let media = known.get(page);
  if (!media) {
    const { kernel } = page;
    media = new Videos(
      kernel.conversation,
      kernel.signal,
      () => page.redraw(),
      () => kernel.session.root,
    );
    known.set(page, media);
    page.unseen = () => media?.pause();
  }
  return media;
}

/** Whether it is higher than wide. */
export function isUpright({ video, aspect_ratio }: EntryRow): boolean {
  return video ? video.height > video.width : aspect_ratio === "9:16";
}

// The entry that is watched, in a large player.

import type { JobRow, VideoRow } from "../kernel/messages.ts";
import type { Page } from "../ui/page.ts";
import type { Desk } from "./desk.ts";
import { Player } from "./player.tsx";

export function Stage({ page, desk }: { page: Page; desk: Desk }) {
  const entry = desk.watched === undefined ? undefined : desk.entry(desk.watched);
  if (!entry) return null;
  const { media } = page.kernel;
  const job = entry as unknown as JobRow;
  if (entry.video && !media.get(entry.key))
    queueMicrotask(() => media.get(entry.key) ?? media.load(job, false));
  const loading = media.get(entry.key) ?? { state: "queued" };
  return (
    <>
      {entry.video && (
        <Player
          key={entry.key}
          page={page}
          job={job}
          video={entry.video as VideoRow}
          loading={loading}
          poster={desk.shelf.poster(entry.key)}
          begin
          load={() => media.load(job)}
        />
      )}
      <p class="rw-title">{entry.prompt}</p>
    </>
  );
}

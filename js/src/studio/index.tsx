// What is loaded when it is first used: everything about videos that are there. Its style comes with it.
// A stand-in: the newest video is on the stage, with a button for each of the others.

import type { EntryRow, JobRow } from "../kernel/messages.ts";
import type { Studio } from "../ui/later.ts";
import { Title } from "../ui/marks.tsx";
import type { Page } from "../ui/page.ts";
import { deskOf } from "./desk.ts";
import { Stage } from "./stage.tsx";

declare const STYLE: string; // css/, as the build puts it in

function Finished({ page, job, newest }: { page: Page; job: JobRow; newest: boolean }) {
  const desk = deskOf(page);
  if (desk.entry(job.key)?.id !== job.id) desk.put([entryOf(job)]);
  if (newest) desk.watched ??= job.key;
  return (
    <li class="rw-solo">
      {newest && <Stage page={page} desk={desk} />}
      <button type="button" class="rw-tile" data-key={job.key} onClick={() => desk.watch(job.key)}>
        <Title job={job} />
      </button>
    </li>
  );
}

function entryOf(job: JobRow): EntryRow {
  return {
    ...job,
    long: false,
    stack: job.key,
    takes: 1,
    created: job.started,
    cost: null,
    kept: null,
    rating: null,
    note: "",
    tags: [],
    hidden: false,
    binned: false,
  };
}

export const studio: Studio = { Finished, style: STYLE };

// The list of finished jobs, until the wall takes its place.

import type { JobRow, Place, Side } from "../kernel/messages.ts";
import { compare, PAGE } from "../kernel/rows.ts";
import type { ComponentChildren } from "./dom.ts";
import type { Later } from "./later.ts";
import { Title } from "./marks.tsx";
import type { Page } from "./page.ts";

export function Jobs({ page, later }: { page: Page; later: Later }) {
  const { jobs, rows, session } = page.kernel;
  const { earlier } = session;
  const older = rows.end("older");
  const before = earlier > 0 && !older && (
    <button
      type="button"
      class="rw-more"
      aria-disabled={page.isOpen("earlier")}
      onClick={() => page.press("earlier")}
    >
      Show {Math.min(earlier, PAGE)} of {earlier} earlier {earlier > 1 ? "videos" : "video"}
    </button>
  );
  if (!jobs.length)
    return (
      <>
        <p class="rw-empty">No videos yet. What you generate appears here.</p>
        {before}
      </>
    );
  const newest = jobs.find((job) => job.video);
  const listed: ComponentChildren[] = [];
  const ends = (["newer", "older"] as const).filter((side) => rows.end(side));
  // Before the first row for which this is so: the rows of the ends themselves may stand above, undecided.
  const gap = (isHere: (side: Side) => boolean) => {
    while (ends[0] && isHere(ends[0])) {
      const side = ends.shift() as Side;
      listed.push(<More key={side} page={page} side={side} />);
    }
  };
  for (const job of jobs) {
    const isPast = (side: Side) => {
      const order = compare(rows.end(side) as Place, job);
      return order < 0 || (!order && side === "newer");
    };
    if (!job.undecided) gap(isPast);
    listed.push(<Job key={job.key} page={page} job={job} later={later} newest={job === newest} />);
  }
  gap(() => true);
  return (
    <>
      <ul class="rw-jobs" aria-label="Videos">
        {listed}
      </ul>
      {before}
    </>
  );
}

/** Stands where rows are not here. It asks for them when it comes into view, or is pressed. */
function More({ page, side }: { page: Page; side: Side }) {
  const { rows, jobs } = page.kernel;
  const left = rows.total - jobs.length;
  return (
    <li>
      <button
        type="button"
        class="rw-more"
        data-side={side}
        ref={page.pressWhenSeen}
        aria-disabled={page.isOpen("rows")}
        onClick={() => page.more(side)}
      >
        Show {Math.min(left, PAGE)} {side === "older" ? `more of ${left}` : "newer"}
      </button>
    </li>
  );
}

interface JobProps {
  page: Page;
  job: JobRow;
  later: Later;
  newest: boolean;
}

function Job({ page, job, later, newest }: JobProps) {
  const { video } = job;
  if (!video) return null; // it is in the strip
  const Finished = later.get()?.Finished;
  return Finished ? (
    <Finished page={page} job={job} video={video} newest={newest} />
  ) : (
    <li class="rw-job">
      <Title job={job} />
    </li>
  );
}

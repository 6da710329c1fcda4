// The list of jobs: a row each, and a card for one whose video is shown.

import type { JobRow, Place, Side } from "../kernel/messages.ts";
import { compare, PAGE } from "../kernel/rows.ts";
import { isRunning } from "../kernel/state.ts";
import { Action, Confirmed } from "./actions.tsx";
import type { ComponentChildren } from "./dom.ts";
import { clock, facts } from "./format.ts";
import { Icon, type IconName } from "./icons.tsx";
import type { Later } from "./later.ts";
import { Demo, Problem, Title } from "./marks.tsx";
import type { Page } from "./page.ts";
import { stateful } from "./stateful.ts";

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
      {newest && <style>{later.get()?.style}</style>}
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
}

function Job({ page, job, later, newest }: JobProps & { later: Later; newest: boolean }) {
  const { video } = job;
  if (video) {
    const Finished = later.get()?.Finished;
    return Finished ? (
      <Finished page={page} job={job} video={video} newest={newest} />
    ) : (
      <li class="rw-job">
        <Title job={job} />
      </li>
    );
  }
  const running = isRunning(job) && !page.kernel.gone;
  const error = page.jobError(job.key);
  const seconds = (job.ended ?? (running ? page.kernel.now : job.started)) - job.started;
  return (
    <li class={`rw-job rw-${job.status}${job.undecided ? " rw-undecided" : ""}`} data-key={job.key}>
      <Icon name={icon(job, running)} />
      <div class="rw-body">
        <div class="rw-line">
          <Title job={job} />
          <span class="rw-stage">
            {job.status}
            {job.stopped ? ", stopped" : job.adoptable && !job.undecided && ", sent again"}
            {(running || seconds > 0) && ` · ${clock(seconds)}`}
          </span>
        </div>
        <p class="rw-facts">
          {job.demo && <Demo />} {facts(job)}
          {job.note && <span class="rw-note"> · {job.note}</span>}
        </p>
        {job.error && <Problem error={job.error} />}
        <Steps page={page} job={job} />
        {error && <Problem error={error} />}
      </div>
    </li>
  );
}

function icon(job: JobRow, running: boolean): IconName {
  if (job.stopped) return "failed";
  if (running && job.status !== "waiting") return "spinner";
  return isRunning(job) ? "waiting" : (job.status as "waiting");
}

/** What can be done with a job that has no video. */
function Steps({ page, job }: JobProps) {
  const { key, status } = job;
  const busy = (kind: string) => page.isOpen(kind, key);
  let step: ComponentChildren = null;
  if (job.stopped)
    step = (
      <Action icon="again" busy={busy("resume")} onClick={() => page.act("resume", key)}>
        {status === "downloading" ? "Download again" : "Ask again"}
      </Action>
    );
  else if (status === "failed")
    step = (
      <Action icon="again" busy={busy("resubmit")} onClick={() => page.act("resubmit", key)}>
        Try again
      </Action>
    );
  else if (job.undecided)
    step = (
      <Confirmed
        icon="again"
        busy={busy("resubmit")}
        question="This may be billed twice. Send again?"
        yes="Yes, send again"
        onClick={() => page.act("resubmit", key)}
      >
        Send again
      </Confirmed>
    );
  else if (status === "waiting")
    step = (
      <Action icon="cancelled" busy={busy("cancel")} onClick={() => page.act("cancel", key)}>
        Cancel
      </Action>
    );
  return (
    (step || job.adoptable) && (
      <div class="rw-actions">
        {step}
        {job.adoptable && <Adopt page={page} job={job} />}
      </div>
    )
  );
}

/** Gives the job the id under which the service has it. */
const Adopt = stateful<JobProps, string>("", ({ page, job }, id, set) => {
  const adopt = () => {
    if (id.trim()) void page.act("adopt", job.key, { job_id: id.trim() });
  };
  return (
    <span class="rw-adopt">
      <input
        class="rw-copy"
        value={id}
        placeholder="vid_…"
        aria-label="Its id in the dashboard"
        onInput={(event) => set(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.stopPropagation();
          adopt();
        }}
      />
      <Action icon="done" busy={!id.trim() || page.isOpen("adopt", job.key)} onClick={adopt}>
        Use this id
      </Action>
    </span>
  );
});

// What is being made, and what needs a person: a row each.

import type { JobRow } from "../kernel/messages.ts";
import { isRunning } from "../kernel/state.ts";
import { Action, Confirmed } from "./actions.tsx";
import type { ComponentChildren } from "./dom.ts";
import { clock, facts } from "./format.ts";
import { Icon, type IconName } from "./icons.tsx";
import { Demo, Problem, Title } from "./marks.tsx";
import type { Page } from "./page.ts";
import { stateful } from "./stateful.ts";

export function Jobs({ page }: { page: Page }) {
  const jobs = page.kernel.jobs.filter((job) => !job.video);
  return (
    jobs.length > 0 && (
      <ul class="rw-jobs" aria-label="Jobs">
        {jobs.map((job) => (
          <Job key={job.key} page={page} job={job} />
        ))}
      </ul>
    )
  );
}

interface JobProps {
  page: Page;
  job: JobRow;
}

function Job({ page, job }: JobProps) {
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

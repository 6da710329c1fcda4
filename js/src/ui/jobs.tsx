// The list of jobs: a row each, and a card for one whose video is shown.

import type { JobRow, Side, VideoRow } from "../kernel/messages.ts";
import { PAGE } from "../kernel/rows.ts";
import { isRunning } from "../kernel/state.ts";
import { Action, Confirmed, Copy } from "./actions.tsx";
import type { ComponentChildren } from "./dom.ts";
import { clock, facts, size } from "./format.ts";
import { Icon, type IconName } from "./icons.tsx";
import { Demo, Problem } from "./marks.tsx";
import type { Page } from "./page.ts";
import { Player } from "./player.tsx";
import { stateful } from "./stateful.ts";

export function Jobs({ page }: { page: Page }) {
  const { jobs, rows, session } = page.kernel;
  const { earlier } = session;
  const older = rows.end("older");
  const newer = rows.end("newer");
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
  for (const job of jobs) {
    if (job.key === newer?.key) listed.push(<More key="newer" page={page} side="newer" />);
    listed.push(<Job key={job.key} page={page} job={job} newest={job === newest} />);
    if (job.key === older?.key) listed.push(<More key="older" page={page} side="older" />);
  }
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
}

function Job({ page, job, newest }: JobProps & { newest: boolean }) {
  const { video } = job;
  if (video) return <Finished page={page} job={job} video={video} newest={newest} />;
  const running = isRunning(job) && !page.kernel.gone;
  const error = page.jobError(job.key) ?? job.error;
  const seconds = (job.ended ?? (running ? page.kernel.now : job.started)) - job.started;
  return (
    <li class={`rw-job rw-${job.status}`} data-key={job.key}>
      <Icon name={icon(job, running)} />
      <div class="rw-body">
        <div class="rw-line">
          <Title job={job} />
          <span class="rw-stage">
            {job.status}
            {job.stopped && ", stopped"}
            {(running || seconds > 0) && ` · ${clock(seconds)}`}
          </span>
        </div>
        <p class="rw-facts">
          {job.demo && <Demo />} {facts(job)}
          {job.note && <span class="rw-note"> · {job.note}</span>}
        </p>
        {error && <Problem error={error} />}
        <Steps page={page} job={job} />
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
  else if (status === "unconfirmed")
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
  return step && <div class="rw-actions">{step}</div>;
}

type FinishedProps = JobProps & { video: VideoRow; newest: boolean };

const Finished = stateful<FinishedProps, boolean>(false, (props, pressed, setPressed) => {
  const { page, job, video, newest } = props;
  const loading = page.kernel.videos.get(job.key);
  const poster = page.kernel.videos.poster(job);
  const error = page.jobError(job.key);
  const load = () => {
    setPressed(true);
    page.kernel.videos.load(job);
  };
  const name = video.path.split(/[\\/]/).pop();
  const tall = video.height > video.width ? " rw-tall" : "";
  return (
    <li class={`rw-job rw-completed ${loading ? "rw-open" : "rw-closed"}${tall}`} data-key={job.key}>
      {loading ? (
        <Player
          page={page}
          job={job}
          video={video}
          loading={loading}
          poster={poster}
          start={newest || pressed}
          load={load}
        />
      ) : (
        <button
          type="button"
          class="rw-thumb"
          aria-label={`Play ${job.prompt}, ${size(video.size)}`}
          onClick={load}
        >
          {poster && <img src={poster} alt="" />}
          <Icon name="play" />
        </button>
      )}
      <div class="rw-body">
        <Title job={job} />
        <p class="rw-facts">
          {job.demo && <Demo />} {facts(job)}
          {loading ? <br /> : " · "}
          {job.made !== null && `made in ${clock(job.made)} · `}
          {size(video.size)}
        </p>
        <div class="rw-actions">
          {loading?.state === "ready" && (
            <a class="rw-action" href={loading.url} download={name} title={`Save ${name}`}>
              <Icon name="save" />
              save
            </a>
          )}
          <Copy icon="path" label="path" title={`Copy: ${video.path}`} busy={false} text={() => video.path} />
          <Copy
            icon="code"
            label="code"
            title="Copy the Python call that gives this video"
            busy={page.isOpen("code", job.key)}
            text={async () => (await page.act("code", job.key))?.code}
          />
        </div>
        {error && <Problem error={error} />}
      </div>
    </li>
  );
});

function Title({ job }: { job: JobRow }) {
  return (
    <p class="rw-title" title={job.prompt}>
      {job.prompt}
    </p>
  );
}

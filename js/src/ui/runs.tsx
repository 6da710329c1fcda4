// What is being made, and what waits for its turn.

import type { JobRow } from "../kernel/messages.ts";
import { isRunning } from "../kernel/state.ts";
import { Action } from "./actions.tsx";
import { clock, facts } from "./format.ts";
import { Icon } from "./icons.tsx";
import { Problem, Title } from "./marks.tsx";
import { canAsk, mayTell } from "./notice.ts";
import type { Page } from "./page.ts";
import { stateful } from "./stateful.ts";
import { type Ahead, ahead, allBy, timeOfDay, timesOf, usually } from "./times.ts";

const FEW = 4; // are shown
const FEWER = 2; // in a narrow card
const MOST = 60; // that are shown at all: the others are counted

export const Runs = stateful<{ page: Page }, boolean>(false, ({ page }, open, set) => {
  const { kernel } = page;
  const oldest = kernel.jobs.filter(isRunning).reverse();
  const made = oldest.filter((job) => job.status !== "waiting");
  const next = oldest.filter((job) => job.status === "waiting");
  const waiting = Math.max(kernel.rows.waiting, next.length);
  const total = made.length + waiting;
  if (!total) return null;
  const now = kernel.now;
  const aheads = made.map((job) => whatIsAhead(page, job, now));
  const end =
    !kernel.gone &&
    allBy(
      aheads,
      next.map((job) => timesOfJob(page, job)),
      waiting,
      now,
    );
  const shown = [...made, ...next].slice(0, open ? MOST : FEW);
  return (
    <section class={`rw-stripe${open ? " rw-all" : ""}`} aria-label="In the making">
      <div class="rw-line">
        <span>
          {made.length > 0 && <strong>{made.length} running</strong>}
          {made.length > 0 && waiting > 0 && " · "}
          {waiting > 0 && `${waiting.toLocaleString()} waiting`}
        </span>
        <span class="rw-end">{end && `${total > 1 ? "all" : "done"} by about ${timeOfDay(page, end)}`}</span>
        {canAsk() && (
          <button
            type="button"
            class="rw-action"
            title="By a notification, while you are elsewhere"
            onClick={() => mayTell(page)}
          >
            <Icon name="bell" />
            <span class="rw-word">Tell me when done</span>
          </button>
        )}
        {waiting > 1 && (
          <Action
            icon="close"
            busy={page.isOpen("cancel_waiting")}
            onClick={() => page.request({ kind: "cancel_waiting" })}
          >
            Cancel the {waiting.toLocaleString()}
          </Action>
        )}
        {total > FEWER && (
          <button
            type="button"
            class={`rw-action${total > FEW ? "" : " rw-few"}`}
            aria-expanded={open}
            onClick={() => set(!open)}
          >
            {open ? "Show fewer" : "Show all"}
          </button>
        )}
      </div>
      <ul class="rw-runs" aria-label="Videos in the making">
        {shown.map((job, n) => (
          <Run key={job.key} page={page} job={job} ahead={aheads[n]} />
        ))}
      </ul>
      {open && total > shown.length && (
        <p class="rw-facts">and {(total - shown.length).toLocaleString()} more wait</p>
      )}
    </section>
  );
});

function timesOfJob(page: Page, { model, duration }: JobRow) {
  return timesOf(page, model, duration);
}

function whatIsAhead(page: Page, job: JobRow, now: number): Ahead {
  return ahead(timesOfJob(page, job), job.submitted, job.processing, now);
}

function Run({ page, job, ahead }: { page: Page; job: JobRow; ahead: Ahead | undefined }) {
  const { kernel } = page;
  const { key, status } = job;
  const wrong = page.jobError(key);
  const share = kernel.gone ? undefined : ahead?.share;
  return (
    <li class={`rw-job rw-run rw-${status}`} data-key={key} title={facts(job)}>
      <Title job={job} />
      <p class="rw-facts">
        <span class="rw-stage">
          {status}
          {!kernel.gone && ` · ${clock(kernel.now - job.started)}`}
        </span>
        {job.note ? (
          <span class="rw-note" title={job.note}>
            {job.note}
          </span>
        ) : (
          <span class="rw-note">{!kernel.gone && expected(page, job, ahead)}</span>
        )}
      </p>
      {status === "waiting" && (
        <button
          type="button"
          class="rw-action"
          aria-label="Cancel"
          title="Cancel"
          aria-disabled={page.isOpen("cancel", key)}
          onClick={() => page.act("cancel", key)}
        >
          <Icon name="close" />
        </button>
      )}
      <span class="rw-unseen">{facts(job)}</span>
      <span class="rw-bar">
        {share !== undefined && <span style={{ width: `${(100 * share).toFixed(1)}%` }} />}
      </span>
      {wrong && <Problem error={wrong} />}
    </li>
  );
}

/** By when, in words; "" where nothing is known. */
function expected(page: Page, job: JobRow, ahead: Ahead | undefined): string {
  const times = timesOfJob(page, job);
  if (!ahead || !times) return "";
  if (!times.whole.length) return "first of its kind here";
  const words = usually(times);
  if (!words || job.submitted === null) return words;
  if (ahead.by === undefined) return "longer than usual";
  return ahead.share !== undefined && ahead.share < HALF ? words : `80 % by ${timeOfDay(page, ahead.by)}`;
}

const HALF = 0.5; // of the way: until then what is usual says more than a time of day

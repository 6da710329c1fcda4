// What is being made, and what waits for its turn.

import type { JobRow } from "../kernel/messages.ts";
import { isRunning } from "../kernel/state.ts";
import { Action } from "../ui/actions.tsx";
import { clock, facts } from "../ui/format.ts";
import { Problem, Title } from "../ui/marks.tsx";
import type { Page } from "../ui/page.ts";
import { stateful } from "../ui/stateful.ts";
import { timesOf, usually } from "../ui/times.ts";
import { type Ahead, ahead, allBy, timeOfDay } from "./ahead.ts";
import { Bell, watch } from "./notice.tsx";

const FEW = 4; // are shown
const FEWER = 2; // in a narrow card
const MOST = 60; // that are shown at all: the others are counted
const HALF = 0.5; // of the way: until then what is usual says more than a time of day

export const Runs = stateful<{ page: Page }, boolean>(false, ({ page }, open, set) => {
  watch(page);
  const { jobs, rows, now, gone } = page.kernel;
  const oldest = jobs.filter(isRunning).reverse();
  const made = oldest.filter((job) => job.status !== "waiting");
  const next = oldest.filter((job) => job.status === "waiting");
  const waiting = Math.max(rows.waiting, next.length);
  const total = made.length + waiting;
  if (!total) return null;
  const known = (job: JobRow) => timesOf(page, job.model, job.duration);
  const aheads = made.map((job) => ahead(known(job), job.submitted, job.processing, now));
  const end = !gone && allBy(aheads, next.map(known), waiting, now);
  const shown = [...made, ...next].slice(0, open ? MOST : FEW);
  const some = waiting.toLocaleString();
  return (
    <section class={`rw-stripe${open ? " rw-shown" : ""}`} aria-label="In the making">
      <div class="rw-line">
        <span>
          {made.length > 0 && <strong>{made.length} running</strong>}
          {made.length > 0 && waiting > 0 && " · "}
          {waiting > 0 && `${some} waiting`}
        </span>
        <span class="rw-end">{end && `${total > 1 ? "all" : "done"} by about ${timeOfDay(page, end)}`}</span>
        <Bell page={page} />
        {waiting > 1 && (
          <Action
            busy={page.isOpen("cancel_waiting")}
            onClick={() => page.request({ kind: "cancel_waiting" })}
          >
            Cancel the {some}
          </Action>
        )}
        {total > FEWER && (
          <Action
            class={`rw-action${total > FEW ? "" : " rw-few"}`}
            aria-expanded={open}
            onClick={() => set(!open)}
          >
            Show {open ? "fewer" : "all"}
          </Action>
        )}
      </div>
      <ul class="rw-runs" aria-label="Videos in the making">
        {shown.map((job, n) => (
          <Run key={job.key} page={page} job={job} way={aheads[n]} several={hasTakes(job, oldest)} />
        ))}
      </ul>
      {open && total > shown.length && (
        <p class="rw-facts">and {(total - shown.length).toLocaleString()} more</p>
      )}
    </section>
  );
});

interface RunProps {
  page: Page;
  job: JobRow;
  way: Ahead | undefined;
  several: boolean; // takes
}

function Run({ page, job, way, several }: RunProps) {
  const { gone, now } = page.kernel;
  const { key, status, note } = job;
  const wrong = page.jobError(key);
  const about = facts(job);
  return (
    <li class={`rw-run rw-${status}`} data-key={key} title={about}>
      <div class="rw-line">
        <Title job={job} />
        <span aria-hidden="true">
          {job.model_name}
          {several && ` · take ${job.take}`}
        </span>
      </div>
      <p class="rw-facts">
        <span class="rw-stage">
          {status}
          {!gone && ` · ${clock(now - job.started)}`}
        </span>
        <span class="rw-note" title={note}>
          {note || (!gone && expected(page, job, way))}
        </span>
      </p>
      {status === "waiting" && (
        <Action
          icon="close"
          title="Cancel"
          busy={page.isOpen("cancel", key)}
          onClick={() => page.act("cancel", key)}
        />
      )}
      <span class="rw-unseen">{about}</span>
      <span class="rw-bar">
        {!gone && way?.share != null && <span style={{ width: `${(100 * way.share).toFixed(1)}%` }} />}
      </span>
      {wrong && <Problem error={wrong} />}
    </li>
  );
}

/** Whether another take of it is among `jobs`, or was before. */
function hasTakes({ prompt, model, take }: JobRow, jobs: JobRow[]): boolean {
  return take > 1 || jobs.some((one) => one.take > 1 && one.prompt === prompt && one.model === model);
}

/** By when, in words; "" where nothing is known. */
function expected(page: Page, job: JobRow, way: Ahead | undefined): string {
  const times = timesOf(page, job.model, job.duration);
  if (!times) return "";
  if (!times.whole.length) return "no estimate yet";
  const words = usually(times);
  if (!words || way?.share == null || way.share < HALF) return words;
  return way.by ? `likely by ${timeOfDay(page, way.by)}` : way.over ? "longer than usual" : words;
}

// What needs a person: first what may have been paid for, then what has stopped, then what has failed.

import type { JobRow, RerunPayload } from "../kernel/messages.ts";
import { Action, Confirmed } from "./actions.tsx";
import type { ComponentChildren } from "./dom.ts";
import { dollars, short } from "./format.ts";
import { Icon } from "./icons.tsx";
import { Problem } from "./marks.tsx";
import type { Page } from "./page.ts";
import { stateful } from "./stateful.ts";

const FEW = 2; // of a kind: more are folded
const MOST = 50; // of a kind, unfolded
const LONGEST = 120; // characters of a prompt

interface Props {
  page: Page;
  job: JobRow;
}

type Name = "unconfirmed" | "stopped" | "failed";

export function Needs({ page }: { page: Page }) {
  const of: Record<Name, JobRow[]> = { unconfirmed: [], stopped: [], failed: [] };
  for (const job of page.kernel.jobs) {
    if (job.undecided) of.unconfirmed.push(job);
    else if (job.stopped) of.stopped.push(job);
    else if (job.status === "failed" && !job.settled) of.failed.push(job);
  }
  const groups = (Object.keys(of) as Name[]).filter((name) => of[name].length);
  return (
    groups.length > 0 && (
      <ul class="rw-needs" aria-label="What needs you">
        {groups.map((name) => (
          <Group key={name} page={page} name={name} jobs={of[name]} />
        ))}
      </ul>
    )
  );
}

const Group = stateful<{ page: Page; name: Name; jobs: JobRow[] }, boolean>(
  false,
  ({ page, name, jobs }, open, set) => {
    const folds = jobs.length > FEW;
    const most = open ? MOST : name === "unconfirmed" || !folds ? FEW : 0;
    const settle = () => void putAway(page, jobs);
    return (
      <>
        {folds && (
          <li class={`rw-need rw-${name}`}>
            <Icon name={name === "unconfirmed" ? name : "failed"} />
            <div class="rw-says">
              <strong>
                {jobs.length.toLocaleString()} {name}
              </strong>
              {open && jobs.length > MOST && ` · the newest ${MOST}`}
            </div>
            <div class="rw-actions">
              {name === "failed" && (
                <Action icon="cancelled" busy={page.isOpen("choose")} onClick={settle}>
                  Put all away
                </Action>
              )}
              <button type="button" class="rw-action" aria-expanded={open} onClick={() => set(!open)}>
                {open ? "fewer" : "show"}
              </button>
            </div>
          </li>
        )}
        {jobs.slice(0, most).map((job) => (
          <Need key={job.key} page={page} job={job} />
        ))}
      </>
    );
  },
);

function Need({ page, job }: Props) {
  const wrong = page.jobError(job.key);
  return (
    <li class={`rw-job rw-need rw-${job.status}${job.undecided ? " rw-undecided" : ""}`} data-key={job.key}>
      <Icon name={job.undecided ? "unconfirmed" : "failed"} />
      <div class="rw-says">
        <span class="rw-title" title={job.prompt}>
          {short(job.prompt, LONGEST)}
        </span>{" "}
        <span class="rw-stage">
          {job.status}
          {job.stopped && ", stopped"}
        </span>{" "}
        {job.error && (
          <span role="alert">
            {job.error.message} {job.error.hint}
          </span>
        )}
        {wrong && <Problem error={wrong} />}
      </div>
      <div class="rw-actions">
        <Steps page={page} job={job} />
      </div>
    </li>
  );
}

function Steps({ page, job }: Props): ComponentChildren {
  const { key, status } = job;
  const adopt = job.adoptable && <Adopt page={page} job={job} />;
  if (job.undecided)
    return (
      <>
        <Confirmed
          icon="again"
          busy={page.isOpen("resubmit", key)}
          question="This may be billed twice. Send again?"
          yes="Yes, send again"
          onClick={() => page.act("resubmit", key)}
        >
          Send again
        </Confirmed>
        {adopt}
      </>
    );
  if (job.stopped)
    return (
      <>
        <Action icon="again" busy={page.isOpen("resume", key)} onClick={() => page.act("resume", key)}>
          {status === "downloading" ? "Download again" : "Ask again"}
        </Action>
        {adopt}
      </>
    );
  return (
    <>
      {job.error?.kind === "model" ? (
        <Elsewhere page={page} job={job} />
      ) : (
        <Action icon="again" busy={page.isOpen("resubmit", key)} onClick={() => page.act("resubmit", key)}>
          Try again
        </Action>
      )}
      <Action icon="use" busy={page.isOpen("settings_of", key)} onClick={() => use(page, key)}>
        Use these settings
      </Action>
      {adopt}
      <button
        type="button"
        class="rw-action"
        aria-label="Put away"
        title="Put away"
        aria-disabled={page.isOpen("choose", key)}
        onClick={() => putAway(page, [job], key)}
      >
        <Icon name="close" />
      </button>
    </>
  );
}

function putAway(page: Page, jobs: JobRow[], key = "") {
  const keys = jobs.slice(0, 1000).map((job) => job.key); // as many as one message may name
  return page.request({ kind: "choose", keys, changes: { hidden: true } }, key);
}

async function use(page: Page, key: string): Promise<void> {
  const settings = await page.request({ kind: "settings_of", key }, key);
  if (!settings) return;
  const { prompt, model, duration, aspect_ratio } = settings;
  page.use({ prompt, model, duration, aspect_ratio });
}

/** The service has the model no more: what it would be on another, and then that. */
const Elsewhere = stateful<Props, RerunPayload | undefined>(undefined, ({ page, job }, found, set) => {
  const ask = (model: string | null, confirmed: boolean) =>
    page.request({ kind: "rerun", keys: [job.key], model, confirmed }, job.key);
  const busy = page.isOpen("rerun", job.key);
  if (!found)
    return (
      <Action icon="again" busy={busy} onClick={async () => set(await ask(null, false))}>
        Make it with another model
      </Action>
    );
  const [row] = found.rows;
  return (
    <span class="rw-confirm">
      <span>
        {found.model_name}
        {row?.duration != null && `, ${row.duration} s`}
        {row && row.was !== row.duration && ` instead of ${row.was ?? "its own"}${row.was ? " s" : ""}`}
        {row?.there ? ", is there already" : found.cost !== null && `, costs about ${dollars(found.cost)}`}
        {found.differs && ` (${found.differs})`}
      </span>
      <Action
        icon="again"
        focused
        busy={busy}
        onClick={async () => {
          if (await ask(found.model, true)) await putAway(page, [job], job.key);
        }}
      >
        Yes, make it
      </Action>
      <Action icon="cancelled" onClick={() => set(undefined)}>
        No
      </Action>
    </span>
  );
});

/** Gives the job the id under which the service has it. */
const Adopt = stateful<Props, string | undefined>(undefined, ({ page, job }, id, set) => {
  if (id === undefined)
    return (
      <button type="button" class="rw-action" onClick={() => set("")}>
        Give its id
      </button>
    );
  const adopt = () => {
    if (id.trim()) void page.act("adopt", job.key, { job_id: id.trim() });
  };
  return (
    <span class="rw-adopt">
      <input
        ref={focus}
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

const focus = (element: HTMLElement | null) => element?.focus();

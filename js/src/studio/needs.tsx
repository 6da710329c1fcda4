// What needs a person: first what may have been paid for, then what has stopped, then what has failed.

import type { JobRow, RerunPayload } from "../kernel/messages.ts";
import { Action, Confirmed, focus } from "../ui/actions.tsx";
import type { ComponentChildren } from "../ui/dom.ts";
import { dollars, short } from "../ui/format.ts";
import { Icon } from "../ui/icons.tsx";
import { Problem } from "../ui/marks.tsx";
import type { Page } from "../ui/page.ts";
import { stateful } from "../ui/stateful.ts";
import { use as useSettings } from "./form/use.ts";

const FEW = 2; // of a kind: more are folded
const MOST = 50; // of a kind, unfolded
const MOST_NAMED = 1000; // jobs in one message
const LONGEST = 120; // characters of a prompt

interface Props {
  page: Page;
  job: JobRow;
}

/** `jobs` are those that need somebody. */
export function Needs({ page, jobs }: { page: Page; jobs: JobRow[] }) {
  const groups = {
    unconfirmed: jobs.filter((job) => job.undecided),
    stopped: jobs.filter((job) => job.stopped && !job.undecided),
    failed: jobs.filter((job) => !job.stopped && !job.undecided),
  };
  return (
    <ul class="rw-needs" aria-label="What needs you">
      {Object.entries(groups).map(([name, those]) => (
        <Group key={name} page={page} name={name} those={those} />
      ))}
    </ul>
  );
}

const Group = stateful<{ page: Page; name: string; those: JobRow[] }, boolean>(
  false,
  ({ page, name, those }, open, set) => {
    const folds = those.length > FEW;
    const first = name === "unconfirmed" || !folds ? FEW : 0; // what may cost money is never out of sight
    return (
      <>
        {folds && (
          <li class={`rw-need rw-${name}`}>
            <Icon name={first ? "unconfirmed" : "failed"} />
            <strong class="rw-says">
              {those.length.toLocaleString()} {name}
            </strong>
            <div class="rw-actions">
              {name === "stopped" && <Unsent page={page} jobs={those.filter(isUnsent)} />}
              {name === "failed" && (
                <Action icon="close" busy={page.isOpen("choose")} onClick={() => putAway(page, those)}>
                  Put all away
                </Action>
              )}
              <Action aria-expanded={open} onClick={() => set(!open)}>
                {open ? "fewer" : "show"}
              </Action>
            </div>
          </li>
        )}
        {those.slice(0, open ? MOST : first).map((job) => (
          <Need key={job.key} page={page} job={job} />
        ))}
      </>
    );
  },
);

function Need({ page, job }: Props) {
  const { key, status, error, undecided } = job;
  const wrong = page.jobError(key);
  return (
    <li class={`rw-need rw-${status}${undecided ? " rw-undecided" : ""}`} data-key={key}>
      <Icon name={undecided ? "unconfirmed" : "failed"} />
      <div class="rw-says">
        <span class="rw-title" dir="auto" title={job.prompt}>
          {short(job.prompt, LONGEST)}
        </span>{" "}
        <span class="rw-stage">
          {status}
          {job.stopped && ", stopped"}
        </span>{" "}
        {error && (
          <span role="alert">
            {error.message} {error.hint}
          </span>
        )}
        {wrong && <Problem error={wrong} />}
      </div>
      <div class="rw-actions">
        {undecided ? (
          <Confirmed
            icon="again"
            busy={page.isOpen("resubmit", key)}
            question="This may be billed twice. Send again?"
            yes="Yes, send again"
            onClick={() => page.act("resubmit", key)}
          >
            Send again
          </Confirmed>
        ) : job.stopped ? (
          <Step page={page} job={job} kind="resume">
            {status === "downloading" ? "Download again" : isUnsent(job) ? "Send it" : "Ask again"}
          </Step>
        ) : error?.kind === "model" ? (
          <Elsewhere page={page} job={job} />
        ) : (
          <Step page={page} job={job} kind="resubmit">
            {error?.kind === "filtered" ? "Send it as it is" : "Try again"}
          </Step>
        )}
        {isUnsent(job) && (
          <Action icon="close" busy={page.isOpen("cancel", key)} onClick={() => page.act("cancel", key)}>
            Give it up
          </Action>
        )}
        {job.adoptable && <Adopt page={page} job={job} />}
        {undecided && (
          <Confirmed
            icon="close"
            busy={page.isOpen("cancel", key)}
            question="The dashboard does not have it, so nothing was billed?"
            yes="Yes, give it up"
            onClick={() => page.act("cancel", key)}
          >
            It is not there
          </Confirmed>
        )}
        {!undecided && !job.stopped && <Away page={page} job={job} />}
      </div>
    </li>
  );
}

function Step(props: Props & { kind: "resume" | "resubmit"; children: ComponentChildren }) {
  const { page, job, kind, children } = props;
  return (
    <Action icon="again" busy={page.isOpen(kind, job.key)} onClick={() => page.act(kind, job.key)}>
      {children}
    </Action>
  );
}

function Away({ page, job }: Props) {
  const { key } = job;
  return (
    <>
      <Action icon="use" busy={page.isOpen("settings_of", key)} onClick={() => use(page, key)}>
        Use these settings
      </Action>
      <Action
        icon="close"
        title="Put away"
        busy={page.isOpen("choose", key)}
        onClick={() => putAway(page, [job], key)}
      />
    </>
  );
}

/** Whether its kernel ended before it was sent: nothing is paid for it. */
function isUnsent({ stopped, status }: JobRow): boolean {
  return stopped && status === "waiting";
}

/** What can be done with all of a set that was never sent. */
function Unsent({ page, jobs }: { page: Page; jobs: JobRow[] }) {
  if (!jobs.length) return null;
  const each = (kind: "resume" | "cancel") => {
    for (const { key } of jobs) void page.act(kind, key);
  };
  const busy = jobs.some(({ key }) => page.isOpen("resume", key) || page.isOpen("cancel", key));
  const count = jobs.length.toLocaleString();
  return (
    <>
      <Confirmed
        icon="again"
        busy={busy}
        question={`They are sent, and paid, as their turn comes. Send ${count}?`}
        yes="Yes, send them"
        onClick={() => each("resume")}
      >
        Send the {count}
      </Confirmed>
      <Action icon="close" busy={busy} onClick={() => each("cancel")}>
        Give the {count} up
      </Action>
    </>
  );
}

function putAway(page: Page, those: JobRow[], key = "") {
  const keys = those.slice(0, MOST_NAMED).map((job) => job.key);
  return page.request({ kind: "choose", keys, changes: { hidden: true } }, key);
}

async function use(page: Page, key: string): Promise<void> {
  const settings = await page.request({ kind: "settings_of", key }, key);
  if (settings) useSettings(page, settings);
}

/** The service has the model no more: what it would be on another one, and then that. */
const Elsewhere = stateful<Props, RerunPayload | undefined>(undefined, ({ page, job }, found, set) => {
  const ask = (model: string | null, confirmed: boolean) =>
    page.request({ kind: "rerun", keys: [job.key], model, confirmed }, job.key);
  const question = found && [
    `${found.model_name}${found.seconds === null ? "" : `, ${found.seconds} s`}`,
    found.cost === null ? "" : dollars(found.cost),
    found.differs,
  ];
  return (
    <Confirmed
      icon="again"
      busy={page.isOpen("rerun", job.key)}
      question={question?.filter(Boolean).join(" · ") ?? "…"}
      yes="Yes, make it"
      onAsking={async () => set(await ask(null, false))}
      onClick={async () => {
        if (found && (await ask(found.model, true))) await putAway(page, [job], job.key);
      }}
    >
      Make it with another model
    </Confirmed>
  );
});

/** Gives the job the id under which the service has it. */
const Adopt = stateful<Props, string | undefined>(undefined, ({ page, job }, id, set) => {
  if (id === undefined) return <Action onClick={() => set("")}>Give its id</Action>;
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

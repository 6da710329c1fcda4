// Small things that several parts of the card show.

import type { ErrorRow, JobRow } from "../kernel/messages.ts";
import { Icon } from "./icons.tsx";

export function Demo() {
  return <span class="rw-demo">DEMO</span>;
}

/** What went wrong, and what to do. */
export function Problem({ error, id }: { error: ErrorRow; id?: string }) {
  return (
    <p class="rw-problem" role="alert" id={id}>
      <Icon name="failed" />
      <span>
        <span class="rw-message">{error.message}</span> {error.hint}
      </span>
    </p>
  );
}

export function Title({ job }: { job: JobRow }) {
  return (
    <p class="rw-title" dir="auto" title={job.prompt}>
      {job.prompt}
    </p>
  );
}

// The strip: what needs a person, and what is being made. There is none where there is neither.

import { needsSomebody } from "../kernel/state.ts";
import type { Later } from "./later.ts";
import { watch } from "./notice.ts";
import type { Page } from "./page.ts";
import { Runs } from "./runs.tsx";

export function Strip({ page, later }: { page: Page; id: string; later: Later }) {
  watch(page);
  const needs = page.kernel.jobs.filter(needsSomebody);
  const studio = needs.length ? later.get() : undefined;
  return (
    <>
      {studio ? (
        <studio.Needs page={page} jobs={needs} />
      ) : (
        needs.length > 0 && <p class="rw-empty">For you to decide: {needs.length}</p>
      )}
      <Runs page={page} />
    </>
  );
}

// The strip: what needs a person, and what is being made. There is none where there is neither.

import { isRunning, needsSomebody } from "../kernel/state.ts";
import type { Later } from "./later.ts";
import type { Page } from "./page.ts";

export function Strip({ page, later }: { page: Page; id: string; later: Later }) {
  const { jobs } = page.kernel;
  const needs = jobs.filter(needsSomebody);
  const made = jobs.some(isRunning);
  if (!needs.length && !made) return null;
  const studio = later.get();
  if (!studio)
    return <p class="rw-empty">{needs.length ? `For you to decide: ${needs.length}` : "In the making…"}</p>;
  return (
    <>
      {needs.length > 0 && <studio.Needs page={page} jobs={needs} />}
      <studio.Runs page={page} />
    </>
  );
}

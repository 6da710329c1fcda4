// The list of finished jobs, until the wall takes its place.

import type { Later } from "./later.ts";
import { Title } from "./marks.tsx";
import type { Page } from "./page.ts";

export function Jobs({ page, later }: { page: Page; later: Later }) {
  const { jobs } = page.kernel;
  if (!jobs.length) return <p class="rw-empty">No videos yet. What you generate appears here.</p>;
  const made = jobs.filter((job) => job.video);
  const studio = made.length ? later.get() : undefined;
  return (
    made.length > 0 && (
      <ul class="rw-jobs" aria-label="Videos">
        {made.map(
          (job, n) =>
            job.video &&
            (studio ? (
              <studio.Finished key={job.key} page={page} job={job} video={job.video} newest={!n} />
            ) : (
              <li key={job.key} class="rw-job">
                <Title job={job} />
              </li>
            )),
        )}
      </ul>
    )
  );
}

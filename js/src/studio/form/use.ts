// The settings of a video that is there, in the form: all of them, or it is said what is not.

import type { JobRow, SettingsPayload } from "../../kernel/messages.ts";
import type { Page } from "../../ui/page.ts";
import { bring } from "./start.tsx";

/** Takes over what the video `key` was asked for with. What it began with is brought too, or nothing is. */
export function use(page: Page, key: string, settings: SettingsPayload): void {
  const { prompt, model, duration, aspect_ratio } = settings;
  page.use({ prompt, model, duration, aspect_ratio });
  const job: JobRow | undefined = page.kernel.jobs.find((one) => one.key === key);
  bring(page, job?.picture ?? null);
  page.error = null;
  if (!job)
    page.error = {
      message: "Whether it began with a picture, or had further fields, is not known here.",
      hint: "“Code” copies the whole call.",
      field: null,
      kind: "input",
    };
  page.redraw();
}

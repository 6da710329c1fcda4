// The settings of a video that is there, in the form: all of them, or it is said what is not.

import type { SettingsPayload } from "../../kernel/messages.ts";
import type { Page } from "../../ui/page.ts";
import { bring } from "./start.tsx";

/** Takes over what a video was asked for with: what it began with too, or nothing. */
export function use(page: Page, settings: SettingsPayload): void {
  const { literal, model, duration, aspect_ratio, image, left_out } = settings;
  page.use({ prompt: literal, model, duration, aspect_ratio });
  bring(page, image);
  const few = left_out.length === 1;
  page.error = left_out.length
    ? {
        message: `It had ${few ? "a further field" : "further fields"}: ${left_out.join(", ")}.`,
        hint: `The form does not have ${few ? "it" : "them"}: “Code” copies a call that has.`,
        field: null,
        kind: "input",
      }
    : null;
  page.redraw();
}

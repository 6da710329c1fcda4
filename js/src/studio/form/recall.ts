// The way back through earlier prompts, as in a terminal.

import type { Page } from "../../ui/page.ts";

const COUNT = 100;

/** What is gone through, since it began. */
interface Walk {
  prompts: Promise<string[]>;
  draft: string; // what the person was writing
}

const walks = new WeakMap<Page, Walk>();

/** Shows the prompt that is one further back (1) or forward (-1). */
export async function recall(page: Page, by: 1 | -1): Promise<void> {
  const from = page.recalled;
  if (!from.at) walks.set(page, begin(page, page.settings.prompt));
  const walk = walks.get(page) as Walk;
  const prompts = await walk.prompts;
  const at = Math.max(0, Math.min(prompts.length, page.recalled.at + by));
  page.recalled = { at, count: prompts.length };
  page.set("prompt", prompts[at - 1] ?? walk.draft);
  page.redraw();
}

function begin(page: Page, draft: string): Walk {
  const asked = page.request({ kind: "earlier_prompts", count: COUNT });
  return { draft, prompts: asked.then((reply) => (reply?.prompts ?? []).filter((one) => one !== draft)) };
}

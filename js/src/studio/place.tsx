// What stands beside the wall.

import type { Page } from "../ui/page.ts";
import { Arena } from "./arena.tsx";
import { Compare } from "./compare/compare.tsx";
import { type Desk, MOST_COMPARED } from "./desk.ts";
import { Money } from "./money.tsx";
import { Stage } from "./stage.tsx";

/** What stands in the stage's place. */
function shown({ mode, chosen }: Desk): Desk["mode"] {
  return mode === "compare" && (chosen.length < 2 || chosen.length > MOST_COMPARED) ? "stage" : mode;
}

export function Place({ page, desk }: { page: Page; desk: Desk }) {
  const mode = shown(desk);
  const Part = { stage: Stage, compare: Compare, arena: Arena, money: Money }[mode];
  return (
    <div class={`rw-place rw-mode-${mode}`} ref={stage(desk)} tabindex={-1}>
      <Part page={page} desk={desk} />
    </div>
  );
}

const stages = new WeakMap<Desk, (element: HTMLElement | null) => void>();

/** The reference of the stages of a desk: one each, since one that stays the same is called once. */
function stage(desk: Desk): (element: HTMLElement | null) => void {
  const known = stages.get(desk) ?? ((element) => element && desk.stages.add(element));
  stages.set(desk, known);
  return known;
}

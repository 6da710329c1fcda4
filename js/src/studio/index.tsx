// What is loaded when it is first used: everything about videos that are there. Its style comes with it.

import type { Studio } from "../ui/later.ts";
import type { Page } from "../ui/page.ts";
import { Arena } from "./arena.tsx";
import { Compare } from "./compare/compare.tsx";
import { type Desk, deskOf, MOST_COMPARED } from "./desk.ts";
import { conditions } from "./form/conditions.ts";
import { Examples } from "./form/examples.tsx";
import { beyond, left } from "./form/limit.ts";
import { Price } from "./form/price.tsx";
import { read } from "./form/read.ts";
import { recall } from "./form/recall.ts";
import { PromptSet } from "./form/set.tsx";
import { Start, take } from "./form/start.tsx";
import { Money } from "./money.tsx";
import { Needs } from "./needs.tsx";
import { Runs } from "./runs.tsx";
import { Selection } from "./selection.tsx";
import { isPlain } from "./shelf.ts";
import { MONEY } from "./signs.ts";
import { Stage } from "./stage.tsx";
import { Opener, Tools } from "./tools.tsx";
import { Undo } from "./undo.tsx";
import { Wall } from "./wall.tsx";

declare const STYLE: string; // css/, as the build puts it in

const TOOLS_FROM = 5; // tiles

/** `id` is the view's own. */
function DeskOf({ page, id }: { page: Page; id: string }) {
  const desk = deskOf(page);
  desk.follow();
  const { shelf } = desk;
  const asked = !isPlain(shelf.query) || shelf.late;
  const away = !!shelf.wall?.put_away;
  const isWall = shelf.count > 1 || asked || away || !!desk.undo;
  const judged = shelf.wall?.kept || shelf.keys.some((key) => desk.entry(key)?.kept != null);
  if (!shelf.count && !isWall) return shelf.trouble && <p class="rw-trouble">{shelf.trouble}</p>;
  return (
    <section class={`rw-desk${isWall ? "" : " rw-solo"}`} aria-label="Videos" tabindex={-1}>
      <div class={`rw-place rw-mode-${shown(desk)}`} ref={stage(desk)} tabindex={-1}>
        <Place page={page} desk={desk} />
      </div>
      {isWall ? (
        <div class="rw-rail">
          <Tools desk={desk} id={id} whole={asked || away || !!judged || shelf.count >= TOOLS_FROM} />
          {shelf.trouble && <p class="rw-trouble">{shelf.trouble}</p>}
          <p class="rw-unseen" role="status">
            {asked && !shelf.late && !shelf.trouble && `${shelf.count} found`}
          </p>
          {asked && !shelf.count && !shelf.late && <p class="rw-trouble">Nothing is like that.</p>}
          {!asked && !shelf.count && away && (
            <p class="rw-trouble">All are put away or deleted: see Filter.</p>
          )}
          <Wall desk={desk} />
          <Undo desk={desk} />
          {desk.chosen.length > 0 && <Selection desk={desk} />}
        </div>
      ) : (
        <Opener desk={desk} mode="money" icon={MONEY} word="Costs" title="What it has cost" />
      )}
    </section>
  );
}

/** What stands in the stage's place. */
function shown({ mode, chosen }: Desk): Desk["mode"] {
  return mode === "compare" && (chosen.length < 2 || chosen.length > MOST_COMPARED) ? "stage" : mode;
}

function Place({ page, desk }: { page: Page; desk: Desk }) {
  const Part = { stage: Stage, compare: Compare, arena: Arena, money: Money }[shown(desk)];
  return <Part page={page} desk={desk} />;
}

const stages = new WeakMap<Desk, (element: HTMLElement | null) => void>();

/** The reference of the stages of a desk: one each, since one that stays the same is called once. */
function stage(desk: Desk): (element: HTMLElement | null) => void {
  const known = stages.get(desk) ?? ((element) => element && desk.stages.add(element));
  stages.set(desk, known);
  return known;
}

export const studio: Studio = {
  Desk: DeskOf,
  Examples,
  Needs,
  Price,
  PromptSet,
  Runs,
  read,
  recall,
  take,
  Start,
  beyond,
  left,
  conditions,
  style: STYLE,
};

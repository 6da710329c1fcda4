// What is loaded after the form: everything about videos that are there. Its style comes with it.

import type { Studio } from "../ui/later.ts";
import type { Page } from "../ui/page.ts";
import { deskOf } from "./desk.ts";
import { conditions } from "./form/conditions.ts";
import { Examples } from "./form/examples.tsx";
import { beyond, left } from "./form/limit.ts";
import { Price } from "./form/price.tsx";
import { read } from "./form/read.ts";
import { recall } from "./form/recall.ts";
import { PromptSet } from "./form/set.tsx";
import { Start, take } from "./form/start.tsx";
import { gridOf } from "./grid/grid.ts";
import { Sheet } from "./grid/sheet.tsx";
import { Needs } from "./needs.tsx";
import { Place } from "./place.tsx";
import { Runs } from "./runs.tsx";
import { Selection } from "./selection.tsx";
import { isPlain } from "./shelf.ts";
import { MONEY } from "./signs.ts";
import { Opener, Tools } from "./tools.tsx";
import { Undo } from "./undo.tsx";
import { Wall } from "./wall.tsx";

declare const STYLE: string; // css/, as the build puts it in

const TOOLS_FROM = 5; // tiles

/** `id` is the view's own. */
function DeskOf({ page, id }: { page: Page; id: string }) {
  const desk = deskOf(page);
  const grid = gridOf(page, desk);
  if (grid) return <Sheet grid={grid} />;
  desk.follow();
  const { shelf } = desk;
  const asked = !isPlain(shelf.query) || shelf.late;
  const away = !!shelf.wall?.put_away;
  const isWall = shelf.count > 1 || asked || away || !!desk.undo;
  const judged = shelf.wall?.kept || shelf.keys.some((key) => desk.entry(key)?.kept != null);
  if (!shelf.count && !isWall) return shelf.trouble && <p class="rw-trouble">{shelf.trouble}</p>;
  return (
    <section class={`rw-desk${isWall ? "" : " rw-solo"}`} aria-label="Videos" tabindex={-1}>
      <Place page={page} desk={desk} />
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

// The grid of a batch: a row a prompt, a column what the product was given; what is pressed plays beside it.

import type { ErrorRow } from "../../kernel/messages.ts";
import type { ComponentChildren, Instance } from "../../ui/dom.ts";
import { Problem } from "../../ui/marks.tsx";
import { place } from "../layout.ts";
import { CROSS } from "../paths.ts";
import { Place } from "../place.tsx";
import { Press } from "../press.tsx";
import { Selection } from "../selection.tsx";
import { Undo } from "../undo.tsx";
import { tileOf, View } from "../view.ts";
import { act } from "../wall.tsx";
import { Cell } from "./cell.tsx";
import type { Grid } from "./grid.ts";
import { cellAt, goes, placeOf, type Room, roomOf, seen } from "./room.ts";

const LINE = 20; // pixels, of a prompt

class SheetView extends View {
  declare layout: Room;
  told: { row: number; error: ErrorRow | null | undefined } | undefined; // what is shown whole
}

export const Sheet = (({ grid }: { grid: Grid }, instance: Instance): ComponentChildren => {
  instance.state ??= new SheetView(grid.desk, instance.redraw);
  const view = instance.state as SheetView;
  const { page, desk, row, columns } = grid;
  grid.look();
  const room = roomOf(view.width, row.rows, columns);
  // It is another place, and the same cell.
  if (view.layout.slots && view.layout.slots !== room.slots)
    view.at = placeOf(room, cellAt(view.layout, view.at).cell ?? 0);
  view.layout = room;
  view.at = Math.max(0, Math.min(view.at, room.count - 1));
  const isOpen = desk.mode !== "stage" || desk.watched !== undefined;

  const tell = (told: SheetView["told"]) => {
    const same = told && told.row === view.told?.row && told.error === view.told.error;
    view.told = same ? undefined : told;
    if (told) void grid.ask(told.row * columns, 1);
    instance.redraw();
  };
  const wrong = page.error ?? page.jobError("");

  const close = () => {
    desk.watched = undefined;
    desk.open("stage");
    view.go(view.at);
  };
  return (
    <section
      class={`rw-desk rw-batch${isOpen ? " rw-open" : ""}`}
      aria-label="Batch"
      tabindex={-1}
      onKeyDown={(event) => {
        const inside = event.target as Element;
        const writes = inside.matches("textarea, input:not([type=range])");
        if (event.key !== "Escape" || writes || !inside.closest(".rw-large")) return;
        event.stopPropagation();
        close();
      }}
    >
      {isOpen && (
        <div class="rw-large">
          <Press icon={CROSS} name="Close (Esc)" more="rw-shut" onClick={close} />
          <Place page={page} desk={desk} />
        </div>
      )}
      <div class="rw-rail">
        <div class="rw-how">
          <span>{row.line}</span>
          {row.waiting > 0 && (
            <button
              type="button"
              class="rw-edged"
              aria-disabled={page.isOpen("cancel_batch")}
              onClick={({ currentTarget }) => {
                // It goes with what it is for.
                currentTarget.closest<HTMLElement>(".rw-desk")?.focus({ preventScroll: true });
                void page.request({ kind: "cancel_batch" });
              }}
            >
              Cancel what waits
            </button>
          )}
        </div>
        {row.stopped && <p class="rw-trouble">{row.stopped}</p>}
        <p class="rw-unseen" role="status">
          {row.over && row.line}
        </p>
        {page.busy && <p class="rw-trouble">{page.busy}</p>}
        {wrong && <Problem error={wrong} />}
        {view.told && (
          <div class="rw-whole">
            {/* It scrolls, so that the keyboard must get there. */}
            <section dir="auto" tabindex={0} aria-label="Prompt">
              {grid.prompt(view.told.row)}
              {view.told.error && <Problem error={view.told.error} />}
            </section>
            <Press icon={CROSS} name="Close the prompt" onClick={() => tell(undefined)} />
          </div>
        )}
        <Table grid={grid} view={view} tell={tell} />
        <Undo desk={desk} />
        {desk.chosen.length > 0 && <Selection desk={desk} />}
      </div>
    </section>
  );
}) as (props: { grid: Grid }) => ComponentChildren;

interface TableProps {
  grid: Grid;
  view: SheetView;
  tell: (told: SheetView["told"]) => void;
}

function Table({ grid, view, tell }: TableProps) {
  const { row, columns } = grid;
  const room = view.layout;
  const [first, last] = seen(room, view.top, view.height);
  const from = Math.floor(first / room.slots);
  if (!view.flung) grid.want(from * columns, Math.ceil(last / room.slots) * columns);
  const rows = new Map<number, number[]>(); // the places that are drawn, by row
  const draw = (at: number) => {
    const { row, cell } = cellAt(room, at);
    if (cell !== undefined) rows.set(row, [...(rows.get(row) ?? []), at]);
  };
  for (let at = first; at < last; at++) draw(at);
  if (room.count && (view.at < first || view.at >= last)) draw(view.at); // it may have the keyboard

  const typed = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    const at = tileOf(event)?.dataset.at;
    if (event.ctrlKey || event.metaKey || event.altKey || at === undefined) return;
    const rtl = getComputedStyle(event.currentTarget).direction === "rtl";
    const to = goes(room, view.at, event.key, view.height, rtl);
    const { row, cell } = cellAt(room, Number(at));
    const entry = grid.entry(cell as number);
    if (to !== undefined) view.go(to);
    else if (event.key === "p" || (event.key === "Enter" && !entry))
      tell({ row, error: grid.cell(cell as number)?.error });
    else if (!entry || (!entry.video && event.key !== "Enter") || !act(view, entry, event.key)) return;
    event.preventDefault();
  };

  const pressed = (event: MouseEvent) => {
    const target = event.target as Element;
    const asked = target.closest<HTMLElement>("[data-row]")?.dataset.row;
    if (asked !== undefined) return tell({ row: Number(asked), error: null });
    const tile = tileOf(event);
    if (!tile) return;
    view.at = Number(tile.dataset.at);
    const picks = !!target.closest(".rw-pick") || event.ctrlKey || event.metaKey;
    const { row, cell } = cellAt(room, view.at);
    if (tile.dataset.key) view.press(tile.dataset.key, picks);
    else tell({ row, error: grid.cell(cell as number)?.error });
  };

  return (
    <div
      class="rw-sheet"
      role="grid"
      tabindex={-1}
      aria-label="Videos of the batch"
      aria-rowcount={row.rows + 1}
      aria-colcount={columns + 1}
      aria-multiselectable="true"
      onClick={pressed}
      onKeyDown={typed}
      {...view.hears}
    >
      <div class={room.side ? "rw-heads" : "rw-unseen"} role="row" aria-rowindex={1}>
        <span role="columnheader">Prompt</span>
        {row.columns.map((name, at) => (
          <span
            key={at}
            role="columnheader"
            style={{
              "inset-inline-start": `${12 + room.side + place(room, at).start}px`,
              width: `${room.width}px`,
            }}
            title={name}
          >
            {name}
          </span>
        ))}
      </div>
      <div class="rw-scroll" ref={view.box} onScroll={view.scrolled}>
        <div class="rw-grid" style={{ height: `${room.whole}px` }}>
          {view.width > 0 &&
            [...rows].map(([number, places]) => (
              <div key={number} role="row" aria-rowindex={number + 2}>
                <div
                  role="rowheader"
                  class={room.side ? "rw-asked" : "rw-asked rw-above"}
                  dir="auto"
                  data-row={number}
                  title={`${grid.prompt(number)}\n(the whole: p)`}
                  style={{
                    top: `${place(room, number * room.slots).top - (room.side ? 0 : 24)}px`,
                    width: room.side ? `${room.side - 12}px` : "100%",
                    "-webkit-line-clamp": room.side ? `${Math.floor(room.height / LINE)}` : null,
                  }}
                >
                  {grid.prompt(number)}
                </div>
                {places.map((at) => (
                  <Cell
                    key={cellAt(room, at).cell as number}
                    grid={grid}
                    view={view}
                    at={at}
                    cell={cellAt(room, at).cell as number}
                    start={room.side}
                  />
                ))}
              </div>
            ))}
        </div>
      </div>
    </div>
  );
}

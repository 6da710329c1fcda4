// One video of a batch in its grid: its poster, or how far it is.

import type { CellRow, EntryRow } from "../../kernel/messages.ts";
import { clock, dollars } from "../../ui/format.ts";
import { Icon } from "../../ui/icons.tsx";
import { place } from "../layout.ts";
import { classes, Face, hint, said } from "../tile.tsx";
import type { View } from "../view.ts";
import type { Grid } from "./grid.ts";

interface Props {
  grid: Grid;
  view: View;
  at: number; // its place
  cell: number; // of all cells
  start: number; // where the first column begins
}

const GOES_ON = ["submitting", "queued", "processing", "downloading"];

/** How far it is, in words, or what went wrong and what to do. */
function state(cell: CellRow, entry: EntryRow | undefined, now: number): string {
  const error = cell.error ?? entry?.error;
  if (error) return `${error.message} ${error.hint}`;
  if (entry && GOES_ON.includes(cell.status)) return `${cell.status} · ${clock(now - entry.created)}`;
  return cell.status;
}

export function Cell({ grid, view, at, cell: number, start: side }: Props) {
  const { desk, page, row, columns } = grid;
  const { layout } = view;
  const cell = grid.cell(number);
  const entry = grid.entry(number);
  const { top, start } = place(layout, at);
  const name = row.columns[number % columns] ?? "";
  const cost = entry?.cost == null ? "" : dollars(entry.cost);
  const how = cell ? state(cell, entry, page.kernel.now) : "not here yet";
  const wrong = !!(cell?.error ?? entry?.error);
  const facts = entry?.video ? "" : how;
  return (
    <div
      role="gridcell"
      class={classes(desk, entry)}
      data-key={entry?.key}
      data-at={at}
      style={{
        top: `${top}px`,
        "inset-inline-start": `${side + start}px`,
        width: `${layout.width}px`,
        height: `${layout.height}px`,
      }}
      tabindex={at === view.at ? 0 : -1}
      ref={view.moved && at === view.at ? view.focus : null}
      title={[entry && hint(entry, entry.duration ?? 0), facts].filter(Boolean).join("\n")}
      aria-colindex={(number % columns) + 2}
      aria-selected={!!entry && desk.chosen.includes(entry.key)}
      aria-current={entry && entry.key === desk.watched ? "true" : undefined}
    >
      <span class="rw-unseen">{[name, entry && said(entry), facts, cost].filter(Boolean).join(", ")}</span>
      <span aria-hidden="true">
        {entry?.video ? (
          <Face
            desk={desk}
            entry={entry}
            loop={view.loop(entry.key)}
            flung={view.flung}
            foot={[side ? "" : name, cost].filter(Boolean).join(" · ")}
          />
        ) : (
          <span class="rw-words">
            {wrong && <Icon name="failed" />}
            {!side && name && <b>{name} · </b>}
            {how}
          </span>
        )}
      </span>
    </div>
  );
}

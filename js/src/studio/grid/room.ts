// Where the cells of a grid stand: beside their prompt, in columns; or, where these do not fit, below it, as
// many in a line as do. Pure functions, in pixels.

import { ACROSS, DOWN, inView, type Layout, layOut, rowTop, step } from "../layout.ts";

const NARROWEST = 132; // of a cell
const WIDEST = 256;
const LIVE = 50; // cells that are drawn at a time

export interface Room extends Layout {
  side: number; // of a prompt beside its cells; 0: it stands above them
  across: number; // cells in a row
  slots: number; // places in a row, of which the last may be empty
}

/** Of a grid of `rows` by `across` that is `width` wide. */
export function roomOf(width: number, rows: number, across: number): Room {
  const beside = Math.min(230, Math.max(120, width * 0.22));
  const side = (width - beside) / across >= NARROWEST + ACROSS ? beside : 0;
  const fit = Math.max(1, Math.floor((width + ACROSS) / (NARROWEST + ACROSS)));
  const columns = side ? across : Math.min(across, fit);
  const wide = side ? (width - side) / across - ACROSS : (width - (columns - 1) * ACROSS) / columns;
  const cell = Math.max(0, Math.min(WIDEST, wide));
  const lines = Math.ceil(across / columns);
  const layout = { ...layOut(0, [], false), columns, width: cell, height: (cell * 9) / 16 };
  layout.count = rows * lines * columns;
  layout.headed = side ? [] : Array.from({ length: rows }, (_, row) => row * lines);
  layout.whole = rowTop(layout, rows * lines);
  return { ...layout, side, across, slots: lines * columns };
}

/** The row of a place, and which of all cells stands there; undefined: none. */
export function cellAt({ across, slots }: Room, at: number): { row: number; cell: number | undefined } {
  const row = Math.floor(at / slots);
  const column = at % slots;
  return { row, cell: column < across ? row * across + column : undefined };
}

/** Where a cell stands. */
export function placeOf({ across, slots }: Room, cell: number): number {
  return Math.floor(cell / across) * slots + (cell % across);
}

/** The places that are drawn: not many more than are seen. */
export function seen(room: Room, top: number, height: number): [number, number] {
  const lines = Math.ceil(height / (room.height + DOWN)) + 1;
  const spare = Math.floor((LIVE / room.columns - lines) / 2);
  return inView(room, top, height, Math.max(0, Math.min(2, spare)));
}

/** The place to which a key goes; undefined for other keys. */
export function goes(room: Room, at: number, key: string, page: number, rtl: boolean): number | undefined {
  const to = step(room, at, key, page, rtl);
  if (to === undefined || cellAt(room, to).cell !== undefined) return to;
  const next = (Math.floor(to / room.slots) + 1) * room.slots;
  // One after the last of a row is the first of the next; of others, the nearest is the last of its row.
  if (to === at + 1) return next < room.count ? next : at;
  return next - room.slots + room.across - 1;
}

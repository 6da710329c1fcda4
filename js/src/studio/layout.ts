// Where the wall's tiles stand, and which of them are in view: all of one size, in rows that follow one
// another; above a row in which a day begins there is room for its name. Pure functions, in pixels.

const NARROWEST = 118; // of a tile
export const ACROSS = 8; // between two of a row
export const DOWN = 11; // between two rows: a stack's other cards look out of it
const HEADING = 25;
const SPARE = 2; // rows above and below what is in view

export interface Layout {
  columns: number;
  width: number; // of a tile
  height: number; // of a tile
  count: number; // tiles
  whole: number; // height of all
  days: Map<number, number>; // at which tile one begins: which
  /** The rows in which a day begins, ascending. */
  headed: number[];
}

/** Of a wall that is `room` wide; `days` says how many tiles each has, or is one that has no name. */
export function layOut(room: number, days: readonly number[], named: boolean): Layout {
  const columns = Math.max(1, Math.floor((room + ACROSS) / (NARROWEST + ACROSS)));
  const width = Math.max(0, (room - (columns - 1) * ACROSS) / columns);
  const starts = new Map<number, number>();
  const headed: number[] = [];
  let count = 0;
  days.forEach((tiles, day) => {
    const row = Math.floor(count / columns);
    if (named) starts.set(count, day);
    if (named && headed.at(-1) !== row) headed.push(row);
    count += tiles;
  });
  const layout = { columns, width, height: (width * 9) / 16, count, whole: 0, days: starts, headed };
  layout.whole = rowTop(layout, Math.ceil(count / columns));
  return layout;
}

/** How many of the `ascending` are below `limit`. */
function below(ascending: readonly number[], limit: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] as number) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where the room of a row begins. */
export function rowTop({ height, headed }: Layout, row: number): number {
  return row * (height + DOWN) + HEADING * below(headed, row);
}

/** The row that is `y` from the top. */
export function rowAt(layout: Layout, y: number): number {
  let [low, high] = [0, Math.ceil(layout.count / layout.columns)];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rowTop(layout, middle + 1) <= y) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where tile `at` stands: from the top, and from the side at which a line begins. */
export function place(layout: Layout, at: number): { top: number; start: number } {
  const row = Math.floor(at / layout.columns);
  const top = rowTop(layout, row + 1) - layout.height;
  return { top, start: (at % layout.columns) * (layout.width + ACROSS) };
}

/** From which tile on to before which the wall is drawn, where `height` of it is seen from `top` on. */
export function inView(layout: Layout, top: number, height: number, spare = SPARE): [number, number] {
  const first = rowAt(layout, top) - spare;
  const last = rowAt(layout, top + height) + 1 + spare;
  return [Math.max(0, first) * layout.columns, Math.min(layout.count, last * layout.columns)];
}

/** How far down it has to be for tile `at` to be seen whole, from `top` as little away as can be. */
export function reach(layout: Layout, at: number, top: number, height: number): number {
  const row = Math.floor(at / layout.columns);
  const [from, to] = [rowTop(layout, row), rowTop(layout, row + 1) + DOWN];
  return Math.max(0, Math.min(from, Math.max(top, to - height)));
}

/** The tile to which a key goes from tile `at`; undefined for other keys. `rtl`: lines begin at the right. */
export function step(
  layout: Layout,
  at: number,
  key: string,
  page: number,
  rtl: boolean,
): number | undefined {
  const { columns, count } = layout;
  const rows = Math.max(1, Math.floor(page / (layout.height + DOWN)));
  const by: Record<string, number> = {
    ArrowLeft: rtl ? 1 : -1,
    ArrowRight: rtl ? -1 : 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    PageUp: -columns * rows,
    PageDown: columns * rows,
    Home: -at,
    End: count,
  };
  const way = by[key];
  if (way === undefined) return undefined;
  const to = at + way;
  // There is no tile straight above the first row; below the last but one there may be none straight below.
  if (to < 0) return way === -columns ? at : 0;
  if (to < count) return to;
  const last = Math.floor((count - 1) / columns);
  return way === columns && Math.floor(at / columns) === last ? at : count - 1;
}

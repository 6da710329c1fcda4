// What is said of the grid of a batch: a part of messages.ts. (The other side is
// `notebook/batch_messages.py`.)

import type { EntryRow } from "./entries.ts";
import type { ErrorRow } from "./shapes.ts";

/** One video of the batch. */
export interface CellRow {
  at: number; // row by row, from 0
  prompt: string; // in an answer the whole of it; in the trait its beginning
  status: string; // a `Status`, or `not begun`, or `refused`: `error` says why
  error: ErrorRow | null;
  job: EntryRow | null; // once it is begun
}

/** The batch, and some of its cells: in the trait those that have changed last. */
export interface GridRow {
  version: number;
  missed: boolean; // whether others have changed, too, since the trait was set before
  columns: string[];
  rows: number;
  line: string; // how far it is, in words
  waiting: number; // how many can still be taken back
  over: boolean;
  stopped: string; // why no more are begun, or ""
  cells: CellRow[];
}

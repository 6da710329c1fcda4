// The rows of the list that are here: the newest, a window of older ones that were asked for, and whatever
// has not ended.

import {
  type ChangedRows,
  ENDED,
  type FirstRows,
  type JobRow,
  type Payloads,
  type Place,
  type Requests,
  type Side,
} from "./messages.ts";

export const PAGE = 20; // rows at a time
const MOST_ENDED = 50; // rows that stay where they stand although they have ended since
const MOST = 200; // in the window: those that were asked for longest ago are let go of

/** Whether a job may still change by itself, or waits for a decision. */
export function isOpen(job: JobRow): boolean {
  return !ENDED.includes(job.status);
}

/** Newest first. */
export function compare(a: Place, b: Place): number {
  return b.started - a.started || (a.key < b.key ? 1 : a.key > b.key ? -1 : 0);
}

export class Rows {
  total = 0;
  open = 0;
  /** How many wait for their turn: not all of them are here. */
  waiting = 0;
  /** Every change up to it is here. */
  revision = -1;
  /** The latest that the kernel has spoken of. */
  known = -1;
  /** What is to be decided, however old it is; then the others. Newest first. */
  list: JobRow[] = [];

  #rows = new Map<string, JobRow>(); // newest first
  #ended = new Set<string>(); // keys of those that ended while they were here
  // The window's. Without one it reaches to the list's.
  #ends: { [S in Side]?: Place | undefined } = {};

  /** Begins, or begins anew. */
  begin(first: FirstRows): void {
    this.#rows.clear();
    this.#ended.clear();
    this.#ends = first.newest < first.total ? { older: first.rows[first.newest - 1] } : {};
    this.revision = first.revision;
    this.#counted(first);
    this.#put(first.rows);
  }

  /** Rows that came unasked; those that are new here, or at another stage. */
  change(news: FirstRows | ChangedRows): JobRow[] {
    this.#counted(news);
    if ("since" in news && news.since <= this.revision)
      this.revision = Math.max(this.revision, news.revision);
    const stages = new Map(this.list.map((job) => [job.key, job.status]));
    for (const { key } of news.rows) if (stages.has(key)) this.#ended.add(key);
    for (const key of this.#ended) if (this.#ended.size > MOST_ENDED) this.#ended.delete(key);
    this.#put(news.rows);
    return news.rows.filter(({ key, status }) => this.#rows.has(key) && stages.get(key) !== status);
  }

  /** The place on that side of the window, if there are rows beyond it. */
  end(side: Side): Place | undefined {
    return this.#ends[side];
  }

  /** What was asked for has come. */
  extend({ side, place, open }: Requests["rows"], { rows, more }: Payloads["rows"]): void {
    if (!open) {
      if (this.#ends[side]?.key !== place?.key) return; // it has begun anew since
      let last = more ? rows.at(side === "older" ? -1 : 0) : undefined;
      const head = [...this.#rows.values()][PAGE - 1];
      if (side === "newer" && last && head && compare(last, head) <= 0) last = undefined; // they have met
      this.#ends[side] = last;
    }
    this.#put(rows, side);
  }

  #counted({ revision, total, open, waiting }: FirstRows | ChangedRows): void {
    if (revision < this.known) return;
    this.known = revision;
    this.total = total;
    this.open = open;
    this.waiting = waiting;
  }

  #put(rows: JobRow[], grown: Side = "newer"): void {
    for (const row of rows)
      if (row.revision >= (this.#rows.get(row.key)?.revision ?? 0)) this.#rows.set(row.key, row);
    const all = [...this.#rows.values()].sort(compare);
    const window = all.filter((row) => this.#within(row));
    if (window.length > MOST) {
      if (grown === "older") this.#ends.newer = window.at(-MOST);
      else this.#ends.older = window[MOST - 1];
    }
    const here = all.filter(
      (row, n) => n < PAGE || isOpen(row) || this.#ended.has(row.key) || this.#within(row),
    );
    this.#rows = new Map(here.map((row) => [row.key, row]));
    this.list = here.sort((a, b) => +b.undecided - +a.undecided);
  }

  #within(row: JobRow): boolean {
    const { newer, older } = this.#ends;
    return (!newer || compare(newer, row) <= 0) && (!older || compare(row, older) <= 0);
  }
}

// The rows that are here: the newest, whatever has not ended (of those that wait for their turn, the next
// ones), and what has ended since one looked.

import { type ChangedRows, ENDED, type FirstRows, type JobRow, type Place } from "./messages.ts";

const NEWEST = 20; // rows that stay although they have ended
const MOST_ENDED = 50; // rows that stay although they have ended since
export const MOST_WAITING = 60; // rows of jobs that wait

/** Whether a job may still change by itself, or waits for a decision. */
export function isOpen(job: JobRow): boolean {
  return !ENDED.includes(job.status) || (job.status === "failed" && !job.settled);
}

/** Whether its turn has not come. */
export function waits(job: JobRow): boolean {
  return job.status === "waiting";
}

/** Newest first. */
function compare(a: Place, b: Place): number {
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

  /** Begins, or begins anew. */
  begin(first: FirstRows): void {
    this.#rows.clear();
    this.#ended.clear();
    this.revision = first.revision;
    this.#counted(first);
    this.add(first.rows);
  }

  /** Rows that came unasked; those that are new here, or at another stage. */
  change(news: FirstRows | ChangedRows): JobRow[] {
    this.#counted(news);
    if ("since" in news && news.since <= this.revision)
      this.revision = Math.max(this.revision, news.revision);
    const stages = new Map(this.list.map((job) => [job.key, job.status]));
    for (const { key } of news.rows) if (stages.has(key)) this.#ended.add(key);
    for (const key of this.#ended) if (this.#ended.size > MOST_ENDED) this.#ended.delete(key);
    this.add(news.rows);
    return news.rows.filter(({ key, status }) => this.#rows.has(key) && stages.get(key) !== status);
  }

  #counted({ revision, total, open, waiting }: FirstRows | ChangedRows): void {
    if (revision < this.known) return;
    this.known = revision;
    this.total = total;
    this.open = open;
    this.waiting = waiting;
  }

  /** These were asked for. */
  add(rows: JobRow[]): void {
    for (const row of rows)
      if (row.revision >= (this.#rows.get(row.key)?.revision ?? 0)) this.#rows.set(row.key, row);
    const all = [...this.#rows.values()].sort(compare);
    const next = new Set(all.filter(waits).slice(-MOST_WAITING));
    let n = 0;
    const here = all.filter((row) =>
      waits(row) ? next.has(row) : n++ < NEWEST || isOpen(row) || this.#ended.has(row.key),
    );
    this.#rows = new Map(here.map((row) => [row.key, row]));
    this.list = here.sort((a, b) => +b.undecided - +a.undecided);
  }
}

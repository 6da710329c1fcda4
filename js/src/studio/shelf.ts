// What the page has of the wall: how much there is, the rows that were looked at, and their posters. What a
// drawing needs and is not here is asked for; the answer draws anew.

import type { Received } from "../kernel/conversation.ts";
import type { DayRow, EntryRow, JobRow, Query, WallPayload } from "../kernel/messages.ts";
import type { Page } from "../ui/page.ts";

const PAGE = 60; // rows at a time
const MOST_PAGES = 40;
const MOST_POSTERS = 300;
const MOST_ASKED = 40; // posters at a time
const AT_ONCE = 2; // pages that are on their way

/** What is asked where nothing is asked for. */
export const PLAIN: Query = {
  text: "",
  model: null,
  status: null,
  kept: null,
  undecided: false,
  rating: null,
  tag: null,
  hidden: false,
  since: null,
  until: null,
  cost_from: null,
  cost_to: null,
  stack: null,
  order: "newest",
};

/** Whether it narrows down what is shown, or orders it otherwise. */
export function isPlain(query: Query): boolean {
  return JSON.stringify(query) === JSON.stringify(PLAIN);
}

/** Whether what was made of it is what is asked for. */
export function fits(query: Query, { hidden, kept, rating, tags }: EntryRow): boolean {
  return (
    hidden === query.hidden &&
    (query.kept === null || kept === query.kept) &&
    !(query.undecided && kept !== null) &&
    (rating ?? 0) >= (query.rating ?? 0) &&
    (query.tag === null || tags.includes(query.tag))
  );
}

/** A job that is finished, as the wall has it. The kernel may be busy: this needs no answer of it. */
export function entryOf(job: JobRow): EntryRow {
  const { key, id, prompt, model, model_name, duration, aspect_ratio, take, status, error } = job;
  const { started, made, demo, video, picture } = job;
  return {
    ...{ key, id, prompt, model, model_name, duration, aspect_ratio, take, status, error, made, demo, video },
    ...{ long: false, stack: "", takes: 1, created: started, cost: null, kept: null, rating: null },
    ...{
      note: "",
      tags: [],
      hidden: false,
      binned: false,
      owner: null,
      picture: picture ?? null,
      frame: null,
    },
  };
}

/** `seconds` as the day that it is here: `2026-11-25`. */
export function dayOf(seconds: number): string {
  const date = new Date(seconds * 1000);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export class Shelf {
  query: Query = PLAIN;
  /** What there is for the query that was answered last. */
  wall: WallPayload | undefined;
  /** Why the wall could not be had, or "". */
  trouble = "";
  /** Finished jobs that are not in `wall` yet: they stand before it. */
  fresh: string[] = [];
  /** How many tiles each day has. */
  days: DayRow[] = [];

  #page: Page;
  #entries: Map<string, EntryRow>;
  #asked: Query | undefined;
  #answered: Query = PLAIN;
  #heard = -1; // the version that the session had when it was asked
  #asking = false;
  #known = new Set<string>(); // keys of the jobs that were finished when it was asked
  #within = new Set<string>(); // keys of the finished jobs that `wall` counts
  // Of the version that `wall` has, or of an older one, until the newer one is here.
  #pages = new Map<number, { version: number | undefined; keys: string[] }>();
  #coming = new Set<number>();
  #posters = new Map<string, string>(); // used last, last; "" where there is none
  #lacking: string[] = [];
  #fetching = false;

  constructor(page: Page, entries: Map<string, EntryRow>) {
    this.#page = page;
    this.#entries = entries;
    page.kernel.signal.addEventListener("abort", () => {
      for (const url of this.#posters.values()) URL.revokeObjectURL(url);
    });
  }

  /** How many tiles there are. */
  get count(): number {
    return this.fresh.length + (this.wall?.stacks ?? 0);
  }

  /** Whether what is shown is not yet what was asked for. */
  get late(): boolean {
    return this.#asking && this.#asked !== this.#answered;
  }

  /** Asks for these instead. */
  ask(change: Partial<Query>): void {
    this.query = { ...this.query, ...change };
    this.#page.redraw();
  }

  /** At the beginning of each drawing: asks for the wall where it is not what it was. */
  look(): void {
    const { session, jobs, gone } = this.#page.kernel;
    const plain = isPlain(this.#answered);
    const within = new Set([...this.#within, ...this.#shelved]); // it may have ended while that was answered
    const fresh = plain ? jobs.filter((job) => job.video && !within.has(job.key)) : [];
    for (const job of fresh) {
      const known = this.#entries.get(job.key);
      if (!known?.video && !known?.binned) this.#entries.set(job.key, entryOf(job));
    }
    this.fresh = fresh.map((job) => job.key);
    this.days = [];
    for (const { started } of fresh) this.#count(dayOf(started), 1);
    for (const { day, count } of this.wall?.days ?? []) this.#count(day, count);

    const moved = session.wall !== this.#heard && session.wall !== this.wall?.version;
    // One that ended while the answer was on its way: whether that counts it is not known.
    const late = fresh.some(({ key }) => !this.#known.has(key));
    if ((moved || late || this.#asked !== this.query) && !this.#asking && !gone) void this.#ask();
  }

  #count(day: string, count: number): void {
    const last = this.days.at(-1);
    if (last?.day === day) last.count += count;
    else this.days.push({ day, count });
  }

  async #ask(): Promise<void> {
    const { conversation, session, jobs } = this.#page.kernel;
    const { query } = this;
    const within = jobs.filter((job) => job.video).map((job) => job.key);
    this.#asking = true;
    this.#asked = query;
    this.#known = new Set(within);
    this.#heard = session.wall;
    const tz = -new Date().getTimezoneOffset();
    const [wall, first] = await Promise.all([
      conversation.insist({ kind: "wall", query, tz }),
      conversation.insist({ kind: "wall_rows", query, version: this.#heard, start: 0, count: PAGE }),
    ]);
    this.#asking = false;
    this.trouble = wall.ok ? "" : `${wall.error.message} ${wall.error.hint}`;
    if (wall.ok && first.ok) {
      if (query !== this.#answered) this.#pages.clear();
      this.#answered = query;
      this.wall = wall;
      if (isPlain(query)) this.#page.there = wall.stacks; // before it is drawn: the form is above
      this.#within = new Set([...within, ...first.rows.map(({ key }) => key)]);
      this.#put(0, first.rows);
      void this.#complete();
      this.askAgain();
    }
    this.#page.redraw();
  }

  /** What is known by its job alone is asked for whole: its stack, what was made of it. */
  async #complete(): Promise<void> {
    const keys = [...this.#entries.values()].filter((entry) => !entry.stack).map(({ key }) => key);
    if (!keys.length) return;
    const asked = { kind: "choose", keys: keys.slice(-MOST_ASKED), changes: {} } as const;
    const answer = await this.#page.kernel.conversation.insist(asked);
    for (const row of answer.ok ? answer.rows : []) this.#entries.set(row.key, row);
    this.#page.redraw();
  }

  #put(page: number, rows: EntryRow[], version = this.wall?.version): void {
    for (const row of rows) this.#entries.set(row.key, row);
    this.#pages.delete(page);
    this.#pages.set(page, { version, keys: rows.map((row) => row.key) });
    for (const old of this.#pages.keys()) if (this.#pages.size > MOST_PAGES) this.#pages.delete(old);
  }

  /** The key of tile `at`, as far as it is here. */
  key(at: number): string | undefined {
    const { length } = this.fresh;
    if (at < length) return this.fresh[at];
    const row = at - length;
    return this.#pages.get(Math.floor(row / PAGE))?.keys[row % PAGE];
  }

  /** At which tile `key` stands, as far as it is known. */
  indexOf(key: string): number | undefined {
    const fresh = this.fresh.indexOf(key);
    if (fresh >= 0) return fresh;
    for (const [page, { keys }] of this.#pages) {
      const at = keys.indexOf(key);
      if (at >= 0) return this.fresh.length + page * PAGE + at;
    }
    return undefined;
  }

  /** The keys that are here. */
  get keys(): string[] {
    return [...this.fresh, ...this.#shelved];
  }

  get #shelved(): string[] {
    return [...this.#pages.values()].flatMap(({ keys }) => keys);
  }

  /** Tiles from `first` to before `last` are looked at: what is not here of them is asked for. */
  want(first: number, last: number): void {
    const before = this.fresh.length;
    const rows = this.wall?.stacks ?? 0;
    const from = Math.floor(Math.max(0, first - before) / PAGE);
    for (let page = from; page * PAGE < Math.min(rows, last - before); page++) {
      const here = this.#pages.get(page);
      if (here?.version !== this.wall?.version && !this.#coming.has(page) && this.#coming.size < AT_ONCE)
        void this.#fetch(page);
    }
  }

  async #fetch(page: number): Promise<void> {
    const query = this.#answered;
    if (this.#asking || this.#page.kernel.gone) return;
    this.#coming.add(page);
    const asked = { query, version: this.wall?.version ?? 0, start: page * PAGE, count: PAGE };
    const answer: Received<"wall_rows"> = await this.#page.kernel.conversation.insist({
      kind: "wall_rows",
      ...asked,
    });
    this.#coming.delete(page);
    if (answer.ok && query === this.#answered) this.#put(page, answer.rows, asked.version);
    this.#page.redraw();
  }

  /** Those without a poster may have one now. */
  askAgain(): void {
    for (const [key, url] of this.#posters) if (!url) this.#posters.delete(key);
  }

  /** The URL of a poster, which is asked for when it is not here, if `ask`. */
  poster(key: string, ask = true): string | undefined {
    const known = this.#posters.get(key);
    if (known === undefined) {
      if (!ask) return undefined;
      if (!this.#lacking.length) queueMicrotask(() => this.#fetchPosters());
      this.#lacking.push(key);
    } else {
      this.#posters.delete(key);
      this.#posters.set(key, known);
    }
    return known || undefined;
  }

  async #fetchPosters(): Promise<void> {
    const keys = [...new Set(this.#lacking)].slice(0, MOST_ASKED);
    this.#lacking = [];
    if (this.#fetching || this.#page.kernel.gone) return;
    this.#fetching = true;
    const answer = await this.#page.kernel.conversation.insist({ kind: "posters", keys });
    this.#fetching = false;
    if (!answer.ok) return;
    for (const key of keys) {
      const bytes = answer.buffers[answer.with.indexOf(key)];
      this.#posters.set(key, bytes ? URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" })) : "");
    }
    for (const [key, url] of this.#posters) {
      if (this.#posters.size <= MOST_POSTERS) break;
      URL.revokeObjectURL(url);
      this.#posters.delete(key);
    }
    this.#page.redraw();
  }
}

// The grid of a batch, as the page has it: what the trait says, and the cells that were looked at.

import type { Model } from "../../kernel/host.ts";
import type { CellRow, EntryRow, GridRow } from "../../kernel/messages.ts";
import type { Page } from "../../ui/page.ts";
import { arrived } from "../choices.ts";
import type { Desk } from "../desk.ts";

const MOST_ASKED = 60; // cells at a time
const LOOK = 5; // seconds between looks at whether the kernel is there

type GridModel = Model & { get(name: "_grid"): GridRow | undefined };

export class Grid {
  readonly page: Page;
  readonly desk: Desk;
  row: GridRow;

  #cells = new Map<number, { cell: CellRow; of: number }>(); // `of`: as of which of our counts
  #prompts = new Map<number, string>(); // of the rows, as much as has come
  #count = 0; // how often something was missed
  #asking = false;
  #wall = 0;

  constructor(page: Page, desk: Desk, model: GridModel, row: GridRow) {
    this.page = page;
    this.desk = desk;
    this.row = row;
    this.#put(row);
    const { kernel } = page;
    const hear = () => {
      const now = model.get("_grid") as GridRow;
      if (now.missed || now.version !== this.row.version + 1) this.#count++;
      this.#put(now);
    };
    model.on("change:_grid", hear);
    let ticks = 0;
    // Times that are shown move on.
    const clock = setInterval(() => {
      if (this.row.over || document.hidden || kernel.gone) return;
      if (kernel.lossy) this.#count++;
      if (++ticks % LOOK === 0) kernel.look();
      page.redraw();
    }, 1000);
    kernel.signal.addEventListener("abort", () => {
      model.off("change:_grid", hear);
      clearInterval(clock);
    });
  }

  get columns(): number {
    return this.row.columns.length || 1;
  }

  #put(row: GridRow, of = this.#count): void {
    if (row.version >= this.row.version) this.row = row;
    const entries: EntryRow[] = [];
    for (const cell of row.cells) {
      const line = Math.floor(cell.at / this.columns);
      this.#cells.set(cell.at, { cell, of });
      if (cell.prompt.length > (this.#prompts.get(line) ?? "").length) this.#prompts.set(line, cell.prompt);
      if (cell.job) entries.push(cell.job);
    }
    arrived(this.desk, entries);
  }

  cell(at: number): CellRow | undefined {
    return this.#cells.get(at)?.cell;
  }

  /** What is known of the cell's video; of a grid each stands for itself. */
  entry(at: number): EntryRow | undefined {
    const key = this.cell(at)?.job?.key;
    const entry = key === undefined ? undefined : this.desk.entry(key);
    return entry && { ...entry, takes: 1 };
  }

  prompt(row: number): string {
    return this.#prompts.get(row) ?? "";
  }

  /** At each drawing: the posters that could not be had may be there now. */
  look(): void {
    const { wall } = this.page.kernel.session;
    if (wall !== this.#wall) this.desk.shelf.askAgain();
    this.#wall = wall;
  }

  /** Cells from `first` to before `last` are looked at: what is not here of them is asked for. */
  want(first: number, last: number): void {
    for (let at = first; at < last; at++)
      if ((this.#cells.get(at)?.of ?? -1) < this.#count) return void this.ask(at, last - at);
  }

  /** Asks for these cells, with the whole prompts. */
  async ask(start: number, count: number): Promise<void> {
    if (this.#asking || this.page.kernel.gone) return;
    this.#asking = true;
    const of = this.#count;
    const asked = { kind: "batch", start, count: Math.min(count, MOST_ASKED) } as const;
    const answer = await this.page.kernel.conversation.insist(asked);
    this.#asking = false;
    if (answer.ok) this.#put(answer, of);
  }
}

const grids = new WeakMap<Page, Grid>();

/** The grid of the widget of `page`, if it shows a batch. */
export function gridOf(page: Page, desk: Desk): Grid | undefined {
  const model = page.kernel.conversation.model as GridModel;
  const row = model.get("_grid");
  if (row && !grids.has(page)) grids.set(page, new Grid(page, desk, model, row));
  return grids.get(page);
}

// What a person makes of entries, as it is said to the kernel. It is shown at once; where the kernel refuses
// it, it is as before, and the reason stands at the entry.

import type { Received } from "../kernel/conversation.ts";
import type { Changes, EntryRow, ErrorRow, Request, SettingsPayload } from "../kernel/messages.ts";
import type { Desk } from "./desk.ts";
import { fits } from "./shelf.ts";

type Asked = Extract<Request, { kind: "choose" | "bin" | "restore" }>;

class Choices {
  readonly errors = new Map<string, ErrorRow>();
  readonly open = new Map<string, number>(); // how much is unanswered, by key
}

const all = new WeakMap<Desk, Choices>();

function choices(desk: Desk): Choices {
  const known = all.get(desk) ?? new Choices();
  all.set(desk, known);
  return known;
}

/** Why the last of it was refused for `key`. */
export function refusal(desk: Desk, key: string): ErrorRow | undefined {
  return choices(desk).errors.get(key);
}

/** Keeps, rejects, rates, notes, tags, puts away; `seen` is what is seen of it meanwhile. */
export function choose(
  desk: Desk,
  keys: string[],
  changes: Changes,
  seen: Partial<EntryRow> = changes,
): Promise<boolean> {
  return tell(desk, { kind: "choose", keys, changes }, seen);
}

/** The same on the wall: a refusal stands at the form, for what it is of may not be in the player. */
export async function chooseThere(desk: Desk, keys: string[], changes: Changes): Promise<void> {
  if (await choose(desk, keys, changes)) return;
  desk.page.error = refusal(desk, keys[0] ?? "") ?? null;
  desk.page.redraw();
}

/** Keeps it, or rejects it; nothing of both where it was that already. */
export function keep(desk: Desk, { key, kept }: EntryRow, now: boolean): void {
  void choose(desk, [key], { kept: kept === now ? null : now });
}

/** 1 to 5; none where it was that already. */
export function rate(desk: Desk, { key, rating }: EntryRow, now: number): void {
  void choose(desk, [key], { rating: rating === now ? null : now });
}

/** Deletes: the file goes to the library's bin. */
export function bin(desk: Desk, keys: string[]): Promise<boolean> {
  return tell(desk, { kind: "bin", keys }, { hidden: true, binned: true, video: null });
}

/** Takes it back, the file too. */
export function restore(desk: Desk, keys: string[]): Promise<boolean> {
  return tell(desk, { kind: "restore", keys }, { hidden: false });
}

/** Sends `request`; `shown` is what is seen of it meanwhile. Whether the kernel did it. */
async function tell(desk: Desk, request: Asked, shown: Partial<EntryRow>): Promise<boolean> {
  const { errors, open } = choices(desk);
  const before = request.keys.flatMap((key) => desk.entry(key) ?? []);
  for (const key of request.keys) {
    errors.delete(key);
    open.set(key, (open.get(key) ?? 0) + 1);
  }
  const now = before.map((entry) => ({ ...entry, ...shown }));
  const { query } = desk.shelf;
  const leaving = before.filter((entry, n) => fits(query, entry) && !fits(query, now[n] as EntryRow));
  const { watched } = desk;
  desk.put(now);
  const undo = leaving.length ? undoOf(desk, request, leaving) : desk.undo;
  desk.undo = undo;
  desk.leave(leaving.map(({ key }) => key));
  if (shown.hidden) desk.chosen = desk.chosen.filter((key) => !request.keys.includes(key));
  const reply = (await desk.page.kernel.conversation.ask(request)) as Received<"choose"> | Received<"bin">;
  for (const key of request.keys) open.set(key, (open.get(key) ?? 1) - 1);
  const news = reply.ok ? ("rows" in reply ? reply.rows : []) : before;
  arrived(desk, news);
  if (!reply.ok) {
    for (const key of request.keys) errors.set(key, reply.error);
    if (leaving.length && desk.undo === undo) desk.undo = undefined;
    if (leaving.some(({ key }) => key === watched)) desk.watch(watched as string);
  }
  return reply.ok;
}

/** These are so now. Of one that more was said of, the last answer has it all. */
export function arrived(desk: Desk, entries: EntryRow[]): void {
  const { open } = choices(desk);
  desk.put(entries.filter(({ key }) => !open.get(key)));
}

/** What is said of those that `request` takes from the wall, and what brings them back. */
function undoOf(desk: Desk, request: Asked, leaving: EntryRow[]): Desk["undo"] {
  if (request.kind === "restore") return undefined;
  const { watched } = desk;
  const keys = leaving.map(({ key }) => key);
  const changes: Changes = request.kind === "bin" ? { hidden: true } : request.changes;
  const { hidden, kept } = changes;
  const did = hidden ? "Put away" : kept ? "Kept" : kept === false ? "Rejected" : "Changed";
  const words =
    request.kind === "bin"
      ? "Deleted: its file is in the library’s bin."
      : `${did}${keys.length > 1 ? `: ${keys.length}` : ""}.`;
  const back = async () => {
    desk.undo = undefined;
    if (watched !== undefined && keys.includes(watched)) desk.watch(watched);
    if (hidden) return restore(desk, keys);
    return Promise.all(
      leaving.map(({ key, kept, rating, tags }) => choose(desk, [key], { kept, rating, tags })),
    );
  };
  return { words, back };
}

/** The whole of what `entry` was asked for with; `noted`: its note, also where the rest is not known. */
export async function settingsOf(
  desk: Desk,
  { key }: EntryRow,
  noted = false,
): Promise<SettingsPayload | undefined> {
  const asked = { kind: "settings_of", key, ...(noted && { noted }) } as const;
  const reply = await desk.page.kernel.conversation.ask(asked);
  if (reply.ok) return reply;
  choices(desk).errors.set(key, reply.error);
  desk.page.redraw();
  return undefined;
}

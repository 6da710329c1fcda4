// The takes of one request: a small picture each, to put another into the player.

import type { EntryRow } from "../kernel/messages.ts";
import { Icon } from "../ui/icons.tsx";
import type { Desk } from "./desk.ts";
import { PLAIN } from "./shelf.ts";

const MOST = 60; // rows that are asked for at a time

/** The stack that was asked for last, and what came. */
interface Asked {
  what: string;
  keys: string[];
}

const stacks = new WeakMap<Desk, Asked>();

/** The takes that `entry` is one of, as far as they are here; they are asked for when it is another stack. */
export function takesOf(desk: Desk, entry: EntryRow): EntryRow[] {
  const { conversation } = desk.page.kernel;
  const what = `${entry.stack} ${desk.page.kernel.session.wall}`;
  const known = stacks.get(desk);
  if (known?.what !== what && entry.takes > 1) {
    const same = known?.what.startsWith(`${entry.stack} `);
    const asked = { what, keys: (same && known?.keys) || [] };
    stacks.set(desk, asked);
    const query = { ...PLAIN, stack: entry.stack };
    void conversation.ask({ kind: "wall_rows", query, version: 0, start: 0, count: MOST }).then((reply) => {
      if (!reply.ok) return;
      asked.keys = reply.rows.sort((one, other) => one.take - other.take).map(({ key }) => key);
      desk.put(reply.rows);
    });
  }
  const keys = stacks.get(desk)?.keys ?? [];
  return keys.includes(entry.key) ? keys.flatMap((key) => desk.entry(key) ?? []) : [];
}

export function Takes({ desk, takes, watched }: { desk: Desk; takes: EntryRow[]; watched: string }) {
  return (
    <ul class="rw-takes" aria-label="Takes">
      {takes.map((take) => {
        const poster = desk.shelf.poster(take.key);
        const decided = take.kept === null ? "" : take.kept ? ", kept" : ", rejected";
        return (
          <li key={take.key}>
            <button
              type="button"
              class={take.kept === false ? "rw-out" : undefined}
              aria-label={`Take ${take.take}${decided}`}
              aria-current={take.key === watched ? "true" : undefined}
              onClick={() => desk.watch(take.key)}
            >
              {poster && <img src={poster} alt="" />}
              <b>
                {take.take}
                {take.kept && <Icon name="done" />}
              </b>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

// The whole prompt, to read and to copy, and what differs in it from another one's.

import type { EntryRow } from "../kernel/messages.ts";
import { Action, Copy } from "../ui/actions.tsx";
import { short } from "../ui/format.ts";
import { stateful } from "../ui/stateful.ts";
import { settingsOf } from "./choices.ts";
import type { Desk } from "./desk.ts";
import { difference, type Piece } from "./difference.ts";
import { SIDES } from "./paths.ts";

interface Props {
  desk: Desk;
  entry: EntryRow;
  other: EntryRow | undefined; // what it may be compared with
}

interface Shown {
  whole?: string;
  pieces?: Piece[] | undefined;
}

const NOTHING: Shown = {};

/** A job's row does not say it. */
function isCut({ long, prompt }: EntryRow): boolean {
  return long || prompt.endsWith("…");
}

/** The whole prompt of `entry`. */
export async function promptOf(desk: Desk, entry: EntryRow): Promise<string | undefined> {
  return isCut(entry) ? (await settingsOf(desk, entry))?.prompt : entry.prompt;
}

export const Words = stateful<Props, Shown>(NOTHING, ({ desk, entry, other }, state, set) => {
  const { whole = entry.prompt, pieces } = state;
  // It comes when the panel is opened: once.
  const ask = (element: HTMLElement | null) => {
    if (element && isCut(entry)) void promptOf(desk, entry).then((whole) => whole && set({ whole }));
  };
  const compare = async (other: EntryRow) => {
    const [before, after] = await Promise.all([promptOf(desk, other), promptOf(desk, entry)]);
    if (before !== undefined && after !== undefined) set({ whole: after, pieces: difference(before, after) });
  };
  return (
    <div class="rw-words" ref={state === NOTHING ? ask : null}>
      {/* It scrolls, so that the keyboard must get there. */}
      <section dir="auto" tabindex={0} aria-label="Prompt">
        {pieces
          ? pieces.map(({ kind, text }) =>
              kind === "same" ? text : kind === "added" ? <ins>{text}</ins> : <del>{text}</del>,
            )
          : whole}
      </section>
      <div class="rw-actions">
        <Copy icon="path" label="Copy the prompt" title="" busy={false} text={() => promptOf(desk, entry)} />
        {pieces ? (
          <Action icon={SIDES} onClick={() => set({ whole })}>
            The prompt alone
          </Action>
        ) : (
          other && (
            <Action icon={SIDES} title={other.prompt} onClick={() => compare(other)}>
              Difference from “{short(other.prompt, 24)}”
            </Action>
          )
        )}
      </div>
    </div>
  );
});

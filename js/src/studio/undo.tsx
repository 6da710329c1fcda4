// The line that says what left the wall last, and takes it back.

import type { Desk } from "./desk.ts";
import { CROSS } from "./paths.ts";
import { Press } from "./press.tsx";

/** It is there before it says something: else a screen reader would not hear it. */
export function Undo({ desk }: { desk: Desk }) {
  const { undo } = desk;
  const leave = (from: Element) => {
    const place = from.closest(".rw-desk")?.querySelector<HTMLElement>(".rw-place");
    (place?.querySelector<HTMLElement>(".rw-show") ?? place)?.focus({ preventScroll: true });
  };
  return (
    <div class="rw-undo" role="status">
      {undo && (
        <>
          <span>{undo.words}</span>
          <button
            type="button"
            class="rw-edged"
            onClick={({ currentTarget }) => {
              leave(currentTarget);
              void undo.back();
            }}
          >
            Undo
          </button>
          <Press
            icon={CROSS}
            name="Close"
            onClick={({ currentTarget }) => {
              leave(currentTarget);
              desk.undo = undefined;
              desk.page.redraw();
            }}
          />
        </>
      )}
    </div>
  );
}

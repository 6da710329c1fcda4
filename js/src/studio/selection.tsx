// What can be done with those that are chosen.

import type { Changes } from "../kernel/messages.ts";
import { Icon, type IconName } from "../ui/icons.tsx";
import { chooseThere } from "./choices.ts";
import { type Desk, MOST_COMPARED } from "./desk.ts";
import { Press } from "./press.tsx";
import { AWAY, COMPARE, CROSS } from "./signs.ts";

export function Selection({ desk }: { desk: Desk }) {
  const { chosen } = desk;
  const count = chosen.length;
  const why = count < 2 ? "Choose another one" : count > MOST_COMPARED ? `At most ${MOST_COMPARED}` : "";
  const mark = (icon: IconName, word: string, title: string, changes: Changes) => (
    <button
      type="button"
      class="rw-action rw-small"
      title={title}
      onClick={({ currentTarget }) => {
        // This bar may go with them.
        const wall = currentTarget.closest(".rw-rail")?.querySelector<HTMLElement>(".rw-grid");
        if (changes.hidden) wall?.focus({ preventScroll: true });
        void chooseThere(desk, chosen, changes);
      }}
    >
      <Icon name={icon} />
      {word}
    </button>
  );
  return (
    // biome-ignore lint/a11y/useSemanticElements: it is no form
    <div class="rw-selection" role="group" aria-label="Those that are chosen">
      <strong>{count} chosen</strong>
      <button
        type="button"
        class="rw-edged"
        aria-disabled={!!why}
        aria-pressed={desk.mode === "compare"}
        title={why || "Side by side (c)"}
        onClick={() => !why && desk.open("compare")}
      >
        <Icon name={COMPARE} />
        Compare
      </button>
      {mark("done", "Keep", "Keep those that are chosen", { kept: true })}
      {mark(CROSS, "Reject", "Reject those that are chosen", { kept: false })}
      {mark(AWAY, "Put away", "Put away those that are chosen", { hidden: true })}
      <Press icon={CROSS} name="Clear" title="Choose none" more="rw-clear" onClick={() => desk.clear()} />
    </div>
  );
}

// What can be done with those that are chosen.

import type { Changes } from "../kernel/messages.ts";
import { Icon, type IconName } from "../ui/icons.tsx";
import { chooseThere } from "./choices.ts";
import { type Desk, MOST_COMPARED } from "./desk.ts";
import { AWAY, COMPARE, CROSS } from "./signs.ts";

export function Selection({ desk }: { desk: Desk }) {
  const { chosen } = desk;
  const count = chosen.length;
  const why = count < 2 ? "Choose another one" : count > MOST_COMPARED ? `At most ${MOST_COMPARED}` : "";
  const mark = (icon: IconName, title: string, changes: Changes, hides = "") => (
    <button
      type="button"
      class={`rw-action rw-small${hides}`}
      aria-label={title}
      title={title}
      onClick={() => chooseThere(desk, chosen, changes)}
    >
      <Icon name={icon} />
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
      {mark("done", "Keep them", { kept: true })}
      {mark(CROSS, "Reject them", { kept: false })}
      {mark(AWAY, "Put them away", { hidden: true }, " rw-away")}
      <button type="button" class="rw-action rw-clear" onClick={() => desk.clear()}>
        Clear
      </button>
    </div>
  );
}

// What stands in the stage's place begins alike.

import { Action } from "../ui/actions.tsx";
import type { ComponentChildren } from "../ui/dom.ts";
import type { Desk } from "./desk.ts";

interface Props {
  desk: Desk;
  title: string;
  children?: ComponentChildren;
}

/** Its title, something quiet beside it, and the way back. */
export function Head({ desk, title, children }: Props) {
  return (
    <header class="rw-aside-head">
      {/* No heading: of which level it were, the notebook around it would say. */}
      <strong>{title}</strong>
      <span class="rw-quiet">{children}</span>
      <Action icon="done" onClick={() => desk.open("stage")}>
        Done
      </Action>
    </header>
  );
}

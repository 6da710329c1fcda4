// The studio's buttons: an icon alone, with words, or with an edge.

import type { ComponentChildren } from "../ui/dom.ts";
import { Icon, type IconName } from "../ui/icons.tsx";

interface Props {
  icon: IconName;
  name?: string; // what it does, where no words stand in it
  title?: string;
  on?: boolean; // of one that is on or off
  off?: boolean; // it can do nothing now
  edged?: boolean;
  more?: string; // further classes
  onClick: (event: MouseEvent & { currentTarget: HTMLElement }) => unknown;
  children?: ComponentChildren;
}

export function Press({ icon, name, title, on, off, edged, more = "", onClick, children }: Props) {
  return (
    <button
      type="button"
      class={`rw-action ${edged ? "rw-edged" : ""} ${more}`}
      aria-label={name}
      aria-pressed={on}
      aria-disabled={off}
      title={title ?? name}
      onClick={(event) => {
        if (!off) onClick(event);
      }}
    >
      <Icon name={icon} />
      {children}
    </button>
  );
}

// Icons, inline: 16 by 16, drawn in the text's colour. What they mean is always said in words too.

const PATHS = {
  spinner: "M8 2a6 6 0 1 1-6 6",
  waiting: "M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2M8 5v3l2 1.5",
  failed: "M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2M8 5v3.5M8 11v.01",
  unconfirmed: "M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2M6.3 6.5a1.7 1.7 0 1 1 2.4 1.6c-.5.2-.7.5-.7.9M8 11v.01",
  cancelled: "M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2M3.8 3.8l8.4 8.4",
  completed: "M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2M5.5 8.2l1.7 1.7 3.3-3.6",
  play: "M5.5 3.8v8.4L12.3 8z",
  save: "M8 2.5v7M5 7l3 3 3-3M3 13h10",
  path: "M2 4.5v8h12v-7H8L6.5 4z",
  code: "M5.5 4.5L2 8l3.5 3.5M10.5 4.5L14 8l-3.5 3.5",
  again: "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3",
  done: "M3 8.5l3.2 3.2L13 4.8",
  chevron: "M4.5 6.5L8 10l3.5-3.5",
  "16:9": "M1.5 4.5h13v7h-13z",
  "9:16": "M4.5 1.5h7v13h-7z",
};

/** One of ours, or a path of its own. */
export type IconName = keyof typeof PATHS | `M${string}`;

export function Icon({ name }: { name: IconName }) {
  const path = PATHS[name as keyof typeof PATHS];
  const kind = path ? ` rw-icon-${name.replace(":", "-")}` : "";
  return (
    <svg class={`rw-icon${kind}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={path ?? name} />
    </svg>
  );
}

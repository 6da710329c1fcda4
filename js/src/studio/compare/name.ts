// What each side of a comparison is called: by what it differs in from the others, and by what it does not.
// Pure.

import type { EntryRow } from "../../kernel/messages.ts";
import { short } from "../../ui/format.ts";

const LONGEST = 32; // characters of a prompt

export interface Name {
  own: string; // what is not the same on all sides
  common: string;
}

/** `entry` is one of `sides`. */
export function nameOf(entry: EntryRow, sides: readonly EntryRow[]): Name {
  const own: string[] = [];
  const common: string[] = [];
  const say = (what: (one: EntryRow) => string) => {
    const differs = sides.some((one) => what(one) !== what(entry));
    (differs ? own : common).push(what(entry));
  };
  // What is short comes first: the end may have no room.
  say(({ model_name }) => model_name);
  if (sides.some(({ take }) => take > 1)) say(({ take }) => `take ${take}`);
  const prompts = [...new Set(sides.map(({ prompt }) => prompt))];
  if (prompts.length > 1) own.push(promptOf(entry, prompts));
  say(({ duration, video }) => `${duration ?? Math.round(video?.duration ?? 0)} s`);
  say(({ aspect_ratio }) => aspect_ratio ?? "");
  const words = (parts: string[]) => parts.filter(Boolean).join(" · ");
  return own.length ? { own: words(own), common: words(common) } : { own: words(common), common: "" };
}

/** The beginning of its prompt; where all begin alike, from the word on in which they differ. */
function promptOf({ prompt }: EntryRow, prompts: string[]): string {
  const [first = ""] = prompts;
  let same = 0;
  while (same < first.length && prompts.every((one) => one[same] === first[same])) same++;
  const from = prompt.lastIndexOf(" ", same) + 1;
  return from < LONGEST / 2 ? short(prompt, LONGEST) : `…${short(prompt.slice(from), LONGEST)}`;
}

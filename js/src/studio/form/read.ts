// What a prompt stands for: braces and lines. Pure.

import { expand } from "../../kernel/prompts.ts";
import type { Reading } from "../../ui/extras.ts";

// As it stands: its braces are no more than that.
const literal = (text: string) => text.replace(/[{|}]/g, "\\$&");

/** Its lines that say something. */
export function linesOf(text: string): string[] {
  return text.split(/[\r\n]+/).filter((line) => line.trim());
}

/** How `text` can be read: what there is to choose from. */
export function readings(text: string): Reading {
  return {
    braces: expand(text)?.join() !== expand(literal(text))?.join(),
    lines: linesOf(text).length > 1,
  };
}

/** The prompts that `text` stands for; null: it is sent as it is; undefined: they are too many. */
export function read(text: string, reading: Reading): string[] | null | undefined {
  const can = readings(text);
  const lines = reading.lines && can.lines;
  if (!lines && !(reading.braces && can.braces)) return null;
  return expand(reading.braces ? text : literal(text), lines);
}

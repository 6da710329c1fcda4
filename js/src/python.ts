// A job as the line of Python that asks for it.

import type { JobRow } from "./messages.ts";

const NAMED: Record<string, string> = { "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** `text` as a Python string literal. What is invisible, or turns the reading direction, is written as an escape. */
export function pythonString(text: string): string {
  const body = text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must be escaped
    /["\\\x00-\x1f\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/gu,
    (c) => NAMED[c] ?? escaped(c.charCodeAt(0)),
  );
  return `"${body}"`;
}

function escaped(code: number): string {
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** The call that gives `job` back: from the library, where it is the same request. */
export function pythonCall(job: JobRow): string {
  const fields = [
    pythonString(job.prompt),
    `model=${pythonString(job.model)}`,
    job.duration === null ? "" : `duration=${job.duration}`,
    job.aspect_ratio === null ? "" : `aspect_ratio=${pythonString(job.aspect_ratio)}`,
    `take=${job.take}`,
  ];
  return `client.generate(${fields.filter(Boolean).join(", ")})`;
}

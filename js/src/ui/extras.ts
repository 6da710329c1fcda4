// What the form has of the studio: its code comes when it is first used.

import type { FrameRow, JobRow, LimitRow, ModelRow } from "../kernel/messages.ts";

/** What a text may stand for beside itself, as the person wants it. */
export interface Reading {
  braces: boolean; // `{a|b}` are alternatives
  lines: boolean; // each line is a prompt of its own
}

/** Which of the earlier prompts is shown, from 1, of how many; 0: what the person is writing. */
export interface Recalled {
  at: number;
  count: number;
}

/** `P` is the page. */
export interface Extras<P> {
  /** The prompts that `text` stands for; null: it is sent as it is; undefined: they are too many. */
  read(text: string, reading: Reading): string[] | null | undefined;
  /** Begins with this picture, made smaller where it has to be. */
  take(page: P, picture: Blob, name: string, from?: FrameRow): Promise<void>;
  /** Shows the prompt that is one further back (1) or forward (-1). */
  recall(page: P, by: 1 | -1): Promise<void>;
  /** Why the limit forbids `videos` of `duration` seconds, or "". */
  beyond(limit: LimitRow, videos: number, duration: number | null, row: ModelRow | undefined): string;
  /** What is left of a limit: `$8.80 left`. */
  left(limit: LimitRow): string;
  /** What who presses Generate should know of the service, or "". */
  conditions(jobs: JobRow[]): string;
}

// What is said of sets and of the arena: a part of messages.ts. (The other side is
// `notebook/sets_messages.py` and `arena_messages.py`.)

import type { VideoRow } from "./shapes.ts";

/** One video of a set that is asked for on another model. */
export interface RerunRow {
  key: string;
  prompt: string;
  take: number;
  duration: number | null; // seconds
  was: number | null;
  aspect_ratio: string | null;
  there: boolean; // nothing is sent for it
}

/** One that cannot be asked for again, and why. */
export interface LeftOutRow {
  key: string;
  id: string | null;
  why: string;
}

/** What a set is on another model. */
export interface RerunPayload {
  model: string;
  model_name: string;
  differs: string;
  rows: RerunRow[];
  seconds: number | null;
  cost: number | null; // dollars
  keys: string[];
  left_out: LeftOutRow[];
}

/** A model's place. */
export interface RankingRow {
  model_name: string;
  strength: number; // log odds against an average model
  low: number;
  high: number;
  comparisons: number;
}

/** Two videos of one prompt, with nothing that tells their models. */
export interface ArenaPayload {
  left: string | null;
  right: string | null;
  left_video: VideoRow | null;
  right_video: VideoRow | null;
  prompt: string;
  done: number;
  left_to_do: number;
  ranking: RankingRow[];
}

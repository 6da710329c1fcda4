// What is said of the wall: a part of messages.ts. (The other side is `notebook/wall_messages.py`.)

import type { ErrorRow, FrameRow, Status, VideoRow } from "./shapes.ts";

/** One entry of the wall: a stack by its best take, or one take. `long`: the whole prompt is elsewhere. */
export interface EntryRow {
  key: string;
  id: string | null;
  prompt: string;
  long: boolean;
  model: string;
  model_name: string;
  duration: number | null; // seconds, as asked for
  aspect_ratio: string | null;
  take: number;
  stack: string;
  takes: number; // how many of the stack the question finds
  status: Status;
  error: ErrorRow | null;
  created: number;
  made: number | null; // seconds
  cost: number | null; // dollars
  kept: boolean | null;
  rating: number | null;
  note: string;
  tags: string[];
  hidden: boolean;
  binned: boolean; // its file is in the bin
  demo: boolean;
  owner: string | null; // who asked for it
  picture: string | null; // sha256 of the one that it begins with: `picture_of`
  frame: FrameRow | null; // of which video that is a frame
  video: VideoRow | null; // null also where the file is not in its place
}

/** In which order entries are given. */
export type Order = "newest" | "oldest" | "rating" | "cost";

/** Which entries. With a `stack`, the takes of that stack are the rows, the best first. */
export interface Query {
  text: string;
  model: string | null;
  status: Status | null; // null: completed
  kept: boolean | null;
  undecided: boolean;
  rating: number | null; // or higher
  tag: string | null;
  hidden: boolean;
  since: number | null;
  until: number | null;
  cost_from: number | null;
  cost_to: number | null;
  stack: string | null;
  order: Order;
}

/** How many stacks a day has; `day` is "" where the order is not by date. */
export interface DayRow {
  day: string;
  count: number;
}

/** How many entries of a model there are. */
export interface ModelCountRow {
  id: string;
  name: string;
  count: number;
}

/** How many entries have a tag. */
export interface TagCountRow {
  tag: string;
  count: number;
}

/** What is to change of a choice; what is missing stays. */
export interface Changes {
  kept?: boolean | null;
  rating?: number | null;
  note?: string;
  tags?: string[]; // all of them
  add_tags?: string[]; // to those that each has, whatever this view has seen of them
  remove_tags?: string[];
  hidden?: boolean;
}

/** How much the wall has. What there is to choose from is whatever else was asked for. */
export interface WallPayload {
  version: number;
  total: number; // entries
  stacks: number;
  days: DayRow[]; // in the order of the rows
  models: ModelCountRow[];
  tags: TagCountRow[];
  kept: number;
  put_away: number;
}

/** What an entry was asked for with; and its note, the whole of it. */
export interface SettingsPayload {
  prompt: string;
  literal: string; // a text that stands for this prompt alone, whatever braces it has
  model: string;
  duration: number | null; // seconds
  aspect_ratio: string | null;
  image: string | null; // what it begins with, as `Settings` has it
  left_out: string[]; // further fields that it was sent with, for which the form has no control
  note: string;
}

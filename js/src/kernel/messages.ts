// What the widget's view and its kernel side say to each other. The other side of this file is
// `runcrate_widget/notebook/messages.py`, which says what each message means.

import type { Changes, EntryRow, Query, SettingsPayload, WallPayload } from "./entries.ts";
import type { GridRow } from "./grid.ts";
import type { ArenaPayload, RerunPayload } from "./sets.ts";
import type { ErrorRow, FrameRow, Status, VideoRow } from "./shapes.ts";

export type * from "./entries.ts";
export type * from "./grid.ts";
export type * from "./sets.ts";
export type * from "./shapes.ts";

/**
 * One choice of the model picker. `durations` in seconds: the choices, or `[shortest, longest]` where
 * `continuous`.
 */
export interface ModelRow {
  id: string;
  name: string;
  durations: number[];
  continuous: boolean;
  audio: boolean;
  notes: string;
  price: number | null; // dollars a second of video
  image: boolean | null; // whether it makes a video from a picture; null: not known, and it may be tried
  retired: string | null; // since when it is gone
}

/** Nothing more comes of a job by itself, and nothing is to be decided. */
export const ENDED: readonly Status[] = ["completed", "failed", "cancelled"];

/** One job of the list. Times are seconds since the epoch by the kernel's clock. */
export interface JobRow {
  key: string;
  revision: number;
  id: string | null;
  prompt: string;
  model: string;
  model_name: string;
  duration: number | null; // seconds, as asked for
  aspect_ratio: string | null;
  take: number;
  status: Status;
  note: string;
  error: ErrorRow | null;
  started: number;
  submitted: number | null;
  processing: number | null;
  ended: number | null;
  made: number | null; // seconds
  demo: boolean;
  undecided: boolean; // it stands above all that is not
  adoptable: boolean;
  stopped: boolean;
  settled: boolean; // put away, or another was made in its place
  picture: string | null; // sha256 of the one that it begins with: `picture_of`
  video: VideoRow | null;
}

/** What may still be asked for; null: no such limit. */
export interface LimitRow {
  seconds: number | null;
  dollars: number | null;
}

/** What the widget talks to. */
export interface SessionRow {
  demo: boolean;
  has_key: boolean;
  service: string;
  library: string;
  root: string | null;
  saved: string;
  limit: LimitRow | null;
  wall: number; // the version of the wall; 0 until it is asked for
  form: boolean; // without, it is what there is that is shown
  elsewhere: string; // what other processes make in the library, in words; "" where nothing is known
}

/** A sum over some jobs; `dollars` is null where it is known of none of them. */
export interface SpentRow {
  videos: number;
  seconds: number;
  dollars: number | null;
  unpriced: number;
}

/** What became of what was sent. */
export interface MoneyRow {
  paid: SpentRow;
  failed: SpentRow;
  unknown: SpentRow;
  pending: SpentRow;
  demos: number;
}

/** The controls: one synced trait each. */
export interface Settings {
  prompt: string;
  model: string;
  duration: number | null; // seconds
  aspect_ratio: string | null;
  takes: number;
  image: string | null; // sha256 of a picture in the library, or an https URL
}

/** Their names. */
export const SETTINGS = [
  "prompt",
  "model",
  "duration",
  "aspect_ratio",
  "takes",
  "image",
] as const satisfies (keyof Settings)[];

/** Where a job stands in the list, which is sorted by both. A view shows the undecided ones above it. */
export interface Place {
  started: number;
  key: string;
}

/** What a view begins with: the list's `newest` rows, and older ones that have not ended. */
export interface FirstRows {
  revision: number;
  total: number;
  open: number;
  waiting: number;
  newest: number;
  rows: JobRow[];
}

/** The rows that changed after the revision `since`. */
export interface ChangedRows {
  since: number;
  revision: number;
  total: number;
  open: number;
  waiting: number;
  rows: JobRow[];
}

/** All but the rows. */
export interface State extends Settings {
  _models: ModelRow[];
  _session: SessionRow;
}

/** The synced traits that the view reads. It never writes one: see `set`. */
export interface Traits extends State {
  _first: FirstRows;
  _changed: ChangedRows;
  _revision: number;
}

/** Of the front end: what the form needs, and what is loaded when it is first used. */
export type Part = "widget" | "studio";

/** A picture that is in the library. */
export interface PictureRow {
  sha256: string;
  type: string; // "image/jpeg", "image/png" or "image/webp"
  size: number; // bytes
  width: number; // pixels
  height: number; // pixels
}

/** Bytes of a picture in one message: a larger one is made smaller first. */
export const LARGEST_PICTURE = 5_000_000;
/** Generate was pressed; `prompts` is what the prompt stands for, as it was shown. */
export interface GenerateRequest extends Settings {
  prompts?: string[] | null;
}

/** What the view says, by its kind. */
export interface Requests {
  hello: { root: string | null; seen: number; rows: number };
  rows: { after: Place | null; waiting: boolean; count: number };
  set: { name: string; value: string | number | null };
  generate: GenerateRequest;
  earlier_prompts: { count: number };
  rerun: { keys: string[]; model: string | null; confirmed: boolean };
  arena: object;
  judge: { left: string; right: string; winner: string };
  cancel: { key: string };
  cancel_waiting: object;
  resubmit: { key: string };
  adopt: { key: string; job_id: string };
  resume: { key: string };
  code: { key: string };
  chunk: { key: string; offset: number; length: number };
  url: { key: string };
  poster: { key: string };
  keep_poster: { key: string; jpeg: string };
  picture: { data: string; name: string; from: FrameRow | null };
  picture_of: { sha256: string };
  demo: object;
  source: { part: Part };
  times: { model: string; duration: number | null };
  money: object;
  price: { model: string; price: number | null };
  wall: { query: Query; tz: number };
  wall_rows: { query: Query; version: number; start: number; count: number };
  posters: { keys: string[] };
  choose: { keys: string[]; changes: Changes };
  bin: { keys: string[] };
  restore: { keys: string[] };
  settings_of: { key: string; noted?: boolean };
  batch: { start: number; count: number };
  cancel_batch: object;
}

/** What a request of each kind is answered with, beside `id` and `ok`. */
export interface Payloads {
  hello: { now: number; revision: number; state?: State; changed?: ChangedRows; first?: FirstRows };
  rows: { rows: JobRow[]; more: boolean };
  set: object;
  generate: { keys: string[] };
  earlier_prompts: { prompts: string[] };
  rerun: RerunPayload;
  arena: ArenaPayload;
  judge: ArenaPayload;
  cancel: object;
  cancel_waiting: object;
  resubmit: { key: string };
  adopt: object;
  resume: object;
  code: { code: string };
  chunk: { offset: number; total: number };
  url: { url: string | null };
  poster: object;
  keep_poster: object;
  picture: { picture: PictureRow };
  picture_of: object;
  demo: object;
  times: { making: number[]; queued: number[]; whole: number[] };
  money: { session: MoneyRow; today: MoneyRow; library: MoneyRow };
  price: object;
  source: { js: string };
  wall: WallPayload;
  wall_rows: { version: number; rows: EntryRow[] };
  posters: { with: string[] };
  choose: { rows: EntryRow[] };
  bin: object;
  restore: { rows: EntryRow[] };
  settings_of: SettingsPayload;
  batch: GridRow;
  cancel_batch: object;
}

export type Kind = keyof Requests;
export type Request = { [K in Kind]: { kind: K } & Requests[K] }[Kind];

/** What comes unasked. */
export interface News {
  push: string;
  offset: number;
  total: number;
}

export type Failure = { id: string; ok: false; error: ErrorRow };
export type Reply<K extends Kind> = ({ id: string; ok: true } & Payloads[K]) | Failure;

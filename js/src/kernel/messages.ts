// What the widget's view and its kernel side say to each other. The other side of this file is
// `runcrate_widget/notebook/messages.py`, which says what each message means.

/** What went wrong, for a person; `field` is the control at fault. */
export interface ErrorRow {
  message: string;
  hint: string;
  field: string | null;
}

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
}

/** A finished video. */
export interface VideoRow {
  path: string;
  size: number; // bytes
  width: number; // pixels
  height: number; // pixels
  duration: number; // seconds
  audio: boolean;
}

export type Status =
  | "waiting"
  | "submitting"
  | "queued"
  | "processing"
  | "downloading"
  | "completed"
  | "failed"
  | "unconfirmed"
  | "cancelled";

/** One job of the list. Times are seconds since the epoch by the kernel's clock. */
export interface JobRow {
  key: string;
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
  ended: number | null;
  demo: boolean;
  stopped: boolean;
  video: VideoRow | null;
}

/** What the widget talks to. */
export interface SessionRow {
  demo: boolean;
  has_key: boolean;
  service: string;
  library: string;
  root: string | null;
  saved: string;
  earlier: number;
}

/** The controls: one synced trait each. */
export interface Settings {
  prompt: string;
  model: string;
  duration: number | null; // seconds
  aspect_ratio: string | null;
  takes: number;
}

/** Their names. */
export const SETTINGS = [
  "prompt",
  "model",
  "duration",
  "aspect_ratio",
  "takes",
] as const satisfies (keyof Settings)[];

/** The synced traits that the view reads. It never writes one: see `set`. */
export interface State extends Settings {
  _models: ModelRow[];
  _jobs: JobRow[];
  _session: SessionRow;
  _revision: number;
}

/** What the view says, by its kind. */
export interface Requests {
  hello: { root: string | null; seen: number };
  set: { name: string; value: string | number | null };
  generate: Settings;
  cancel: { key: string };
  resubmit: { key: string };
  resume: { key: string };
  earlier: object;
  code: { key: string };
  chunk: { key: string; offset: number; length: number };
  poster: { key: string };
  keep_poster: { key: string; jpeg: string };
  demo: object;
  source: object;
}

/** What a request of each kind is answered with, beside `id` and `ok`. */
export interface Payloads {
  hello: { now: number; revision: number; state?: State };
  set: object;
  generate: { keys: string[] };
  cancel: object;
  resubmit: { key: string };
  resume: object;
  earlier: object;
  code: { code: string };
  chunk: { offset: number; total: number };
  poster: object;
  keep_poster: object;
  demo: object;
  source: { js: string; css: string };
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

// What the rows of more than one kind of message are made of: a part of messages.ts. (The other side is
// `notebook/shapes.py`.)

/** What went wrong, for a person; `field` is the control at fault. */
export interface ErrorRow {
  message: string;
  hint: string;
  field: string | null;
  kind: string; // one word, as `errors.py` has them; `model`: offer `rerun`
}

/** Where in which video a picture was taken from. */
export interface FrameRow {
  key: string;
  at: number; // seconds
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

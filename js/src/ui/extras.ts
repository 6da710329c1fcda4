// What the form has of the studio: its code comes when it is first used.

/** What a text may stand for beside itself, as the person wants it. */
export interface Reading {
  braces: boolean; // `{a|b}` are alternatives
  lines: boolean; // each line is a prompt of its own
}

/** A picture, and the same in base64. */
export interface Sendable {
  blob: Blob;
  data: string;
}

export interface Extras {
  /** The prompts that `text` stands for; null: it is sent as it is; undefined: they are too many. */
  read(text: string, reading: Reading): string[] | null | undefined;
  /** The picture itself, or a JPEG of it that can be sent; undefined: it is none. */
  sendable(picture: Blob): Promise<Sendable | undefined>;
}

// The picture that a video begins with: how it gets into the library, and what is shown of it.

import type { Received } from "../kernel/conversation.ts";
import type { FrameRow, Requests } from "../kernel/messages.ts";
import type { Extras } from "./extras.ts";

/** What the page does for it. */
export interface Host {
  extras(): Promise<Extras>;
  send(request: Requests["picture"]): Promise<Received<"picture">>;
  fetch(sha256: string): Promise<Received<"picture_of">>;
  /** It is in the library; null: it was taken away. */
  given(sha256: string | null): void;
  failed(error: { message: string; hint: string }): void;
  redraw(): void;
}

export class StartPicture {
  /** What it is called, for the person. */
  name = "";
  /** Where what is shown of it is; undefined: there is nothing to show. */
  url: string | undefined;
  /** Whether it is on its way into the library. */
  busy = false;

  #host: Host;
  #of: string | null = null; // the control's value to which the name and the URL belong
  #given = 0; // the latest wins

  constructor(host: Host, signal: AbortSignal) {
    this.#host = host;
    signal.addEventListener("abort", () => this.#show(null, "", undefined));
  }

  /** The control's value is `image` now. */
  follow(image: string | null): void {
    if (this.busy || image === this.#of) return;
    const isUrl = image?.startsWith("https:");
    this.#show(
      image,
      isUrl ? new URL(image as string).pathname.split("/").pop() || "a web address" : "a picture",
    );
    if (image && !isUrl) void this.#fetch(image);
  }

  /** The person gave `picture`: made smaller where it has to be, and what is shown is what is sent. */
  async take(picture: Blob, name: string, from: FrameRow | null = null): Promise<void> {
    const mine = ++this.#given;
    this.busy = true;
    this.#show(this.#of, name, picture);
    const sendable = await (await this.#host.extras()).sendable(picture);
    if (mine !== this.#given) return;
    if (sendable) {
      const { blob, data } = sendable;
      this.#show(this.#of, blob === picture ? name : `${name}, made smaller`, blob);
      const reply = await this.#host.send({ data, name, from });
      if (mine !== this.#given) return;
      if (reply.ok) {
        this.#of = reply.picture.sha256;
        this.#host.given(this.#of);
      } else this.#host.failed(reply.error);
    } else
      this.#host.failed({
        message: `${name} is no picture that can be read here.`,
        hint: "Give a JPEG, PNG or WebP.",
      });
    this.busy = false;
    if (!this.#of) this.#show(null, "");
    this.#host.redraw();
  }

  /** The person takes it away. */
  drop(): void {
    this.#given++;
    this.busy = false;
    this.#show(null, "");
    this.#host.given(null);
  }

  async #fetch(sha256: string): Promise<void> {
    const reply = await this.#host.fetch(sha256);
    if (reply.ok && reply.bytes && this.#of === sha256)
      this.#show(sha256, this.name, new Blob([reply.bytes]));
  }

  #show(of: string | null, name: string, picture?: Blob): void {
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = picture && URL.createObjectURL(picture);
    this.#of = of;
    this.name = name;
    this.#host.redraw();
  }
}

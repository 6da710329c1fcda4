// The picture that a video begins with: how it gets into the library, and what is shown of it.

import type { FrameRow } from "../../kernel/messages.ts";
import { type FormProps, invalid } from "../../ui/field.tsx";
import { Icon } from "../../ui/icons.tsx";
import type { Page } from "../../ui/page.ts";
import { base64, fit } from "./fit.ts";
import { frameOf, origin, remember } from "./origin.ts";

/** What is shown. */
interface Shown {
  of: string | null; // the control's value to which it belongs
  name: string;
  url: string | undefined; // undefined: there is nothing to see
  given: number; // the latest picture wins
}

const pages = new WeakMap<Page, Shown>();

function shownOf(page: Page): Shown {
  let shown = pages.get(page);
  if (!shown) {
    shown = { of: null, name: "", url: undefined, given: 0 };
    pages.set(page, shown);
  }
  return shown;
}

function show(page: Page, name: string, picture?: Blob): void {
  const shown = shownOf(page);
  if (shown.url) URL.revokeObjectURL(shown.url);
  shown.url = picture && URL.createObjectURL(picture);
  shown.name = name;
  page.redraw();
}

/** The person gave `picture`: what is shown from then on is what is sent. */
export async function take(page: Page, picture: Blob, given: string, from?: FrameRow): Promise<void> {
  const shown = shownOf(page);
  const name = from ? frameOf(page, given, from) : given;
  const mine = ++shown.given;
  page.picturing = true;
  page.error = null;
  const none = !picture.size; // the kernel takes the frame
  show(page, name, none ? undefined : picture);
  const fitting = none ? picture : await fit(picture);
  if (fitting && fitting !== picture && mine === shown.given) show(page, `${name}, made smaller`, fitting);
  const data = fitting && (await base64(fitting));
  if (mine !== shown.given) return;
  const sent = none || data;
  const reply =
    sent && (await page.request({ kind: "picture", data: data ?? "", name: given, from: from ?? null }));
  if (mine !== shown.given) return;
  page.picturing = false;
  if (reply) {
    const { sha256 } = reply.picture;
    shown.of = none ? null : sha256;
    if (from) remember(page, sha256, name);
    page.set("image", sha256);
  } else {
    const error = page.jobError("");
    const message = `${name} is no picture that can be read here.`;
    page.error = {
      ...(sent && error ? error : { message, hint: "Give a JPEG, PNG or WebP.", kind: "input" }),
      field: "image",
    };
    shown.of = null;
  }
  page.redraw();
}

function drop(page: Page): void {
  const shown = shownOf(page);
  shown.given++;
  shown.of = null;
  page.picturing = false;
  show(page, "");
  page.set("image", null);
}

/** Begins with this picture, whatever the form has; null: with none. */
export function bring(page: Page, image: string | null): void {
  drop(page); // and if this one is refused, there is none
  if (image) page.set("image", image);
}

/** The control's value came from elsewhere. */
async function follow(page: Page, image: string): Promise<void> {
  const shown = shownOf(page);
  shown.of = image;
  const address = image.startsWith("https:") && new URL(image);
  show(page, address ? address.pathname.split("/").pop() || address.host : origin(page, image));
  if (address) return;
  const reply = await page.kernel.conversation.insist({ kind: "picture_of", sha256: image });
  if (reply.ok && reply.bytes && shown.of === image) show(page, shown.name, new Blob([reply.bytes]));
}

export function Start({ page, id }: FormProps) {
  const { image } = page.settings;
  const shown = shownOf(page);
  if (image && !page.picturing && image !== shown.of) void follow(page, image);
  return (
    <span class="rw-start" aria-busy={page.picturing}>
      {shown.url && <img src={shown.url} alt="" />}
      <span title={`starts from ${shown.name}`}>starts from {shown.name}</span>
      <button
        type="button"
        class="rw-action"
        aria-label="Remove the start picture"
        onClick={() => drop(page)}
        {...invalid(page, id, "image")}
      >
        <Icon name="close" />
      </button>
    </span>
  );
}

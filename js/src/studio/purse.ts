// What is known of the money of one page, and in which words it is said.

import type { LimitRow, MoneyRow, Payloads, SpentRow } from "../kernel/messages.ts";
import type { Page } from "../ui/page.ts";
import { Asking } from "./asking.ts";

const OFTEN = 2000; // milliseconds between counts: each looks through the library

export class Purse extends Asking {
  /** The last answer. */
  sums: Payloads["money"] | undefined;
  /** What a model's price was refused for. */
  readonly wrong = new Map<string, string>();

  #counted = -1; // the wall's version by which they were counted
  #rests = false;

  /** Has it counted anew where the library has changed since. */
  look(): void {
    const { wall } = this.page.kernel.session;
    if (this.open || this.#rests || this.error || wall === this.#counted) return;
    this.#counted = wall;
    void this.count();
  }

  /** Asks how much it is. */
  async count(): Promise<void> {
    this.sums = (await this.ask({ kind: "money" })) ?? this.sums;
    this.#rests = true;
    setTimeout(() => {
      this.#rests = false;
      this.page.redraw();
    }, OFTEN);
  }

  /** Sets what a model costs, as it was typed; nothing: it is forgotten. */
  async price(model: string, text: string): Promise<void> {
    const price = priceOf(text);
    this.wrong.delete(model);
    if (price === undefined) this.wrong.set(model, "A number of dollars a second, such as 0.40.");
    else {
      const reply = await this.page.kernel.conversation.ask({ kind: "price", model, price });
      if (!reply.ok) this.wrong.set(model, reply.error.message);
    }
    this.page.redraw();
  }
}

const purses = new WeakMap<Page, Purse>();

/** That of `page`. */
export function purseOf(page: Page): Purse {
  const purse = purses.get(page) ?? new Purse(page);
  purses.set(page, purse);
  return purse;
}

/**
 * What was typed as a price: null for nothing, undefined for what is none. `0,40` and `$0.40` are; `1,000` is
 * not, for it is a thousand to some, and one to others.
 */
export function priceOf(text: string): number | null | undefined {
  const typed = text.trim().replace("$", "").trim();
  if (!typed) return null;
  if (!/^\d*[.,]?\d+$|^\d+[.,]$/.test(typed) || /^[1-9]\d{0,2},\d{3}$/.test(typed)) return undefined;
  const price = Number(typed.replace(",", "."));
  return Number.isFinite(price) ? price : undefined;
}

/** A price as it stands in its field: `0.40`, `0.125`. */
export function priceText(price: number | null): string {
  if (price === null) return "";
  const cents = price.toFixed(2);
  return Number(cents) === price ? cents : `${price}`;
}

const fixed = (number: number, digits: number, least = digits) =>
  number.toLocaleString("en-US", { minimumFractionDigits: least, maximumFractionDigits: digits });

/** `$1,212.80`. */
export function dollars(sum: number): string {
  return sum > 0 && sum < 0.01 ? "under $0.01" : `$${fixed(sum, 2)}`;
}

/** What a sum comes to: `$14.40`, or that it is not known. */
export function sum({ videos, dollars: known }: SpentRow): string {
  if (!videos) return "–";
  return known === null ? "price not known" : dollars(known);
}

/** Of what it is the sum: `9 videos · 36 s`, and of how many the price is not known. */
export function counted({ videos, seconds, dollars: known, unpriced }: SpentRow): string {
  if (!videos) return "";
  return [
    `${fixed(videos, 0)} ${videos > 1 ? "videos" : "video"}`,
    seconds && `${fixed(seconds, 1, 0)} s`,
    unpriced && known !== null && `${unpriced} without a price`,
  ]
    .filter(Boolean)
    .join(" · ");
}

/** What is left of a limit, never more than is: `120 s of video, $8.80`. */
export function remainder(limit: LimitRow): string {
  const parts = [
    limit.seconds !== null && `${Math.floor(limit.seconds)} s of video`,
    limit.dollars !== null && dollars(Math.floor(limit.dollars * 100 + 1e-6) / 100),
  ];
  return parts.filter(Boolean).join(", ");
}

/** What may become of what was sent, and what that means. */
export const OUTCOMES: [Exclude<keyof MoneyRow, "demos">, string, string][] = [
  ["paid", "paid", "the service has made the video"],
  ["failed", "failed", "it took the request and made none; whether that is billed is not documented"],
  ["unknown", "unknown", "no answer, or no end was heard of: it may have been made, and billed"],
  ["pending", "under way", "not ended yet"],
];

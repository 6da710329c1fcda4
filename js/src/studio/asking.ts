// What a part of the studio has asked the kernel for: one thing at a time, what went wrong, whether it
// takes long.

import type { Received } from "../kernel/conversation.ts";
import type { ErrorRow, Request } from "../kernel/messages.ts";
import type { Page } from "../ui/page.ts";

const BUSY_AFTER = 1000; // milliseconds without an answer until the view says so

export class Asking {
  readonly page: Page;
  /** Whether something is unanswered. */
  open = false;
  /** And has been for a second. */
  late = false;
  /** What the last was refused for. */
  error: ErrorRow | undefined;

  constructor(page: Page) {
    this.page = page;
  }

  /** Gives the answer; undefined where it was refused, or another is open. */
  async ask<R extends Request>(request: R): Promise<Extract<Received<R["kind"]>, { ok: true }> | undefined> {
    if (this.open) return undefined;
    this.open = true;
    const timer = setTimeout(() => {
      this.late = true;
      this.page.redraw();
    }, BUSY_AFTER);
    this.page.redraw();
    const reply = await this.page.kernel.conversation.ask(request);
    clearTimeout(timer);
    this.open = this.late = false;
    this.error = reply.ok ? undefined : reply.error;
    this.page.redraw();
    return reply.ok ? (reply as Extract<Received<R["kind"]>, { ok: true }>) : undefined;
  }
}

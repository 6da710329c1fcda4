// One control that the kernel and the person both move.

/** How the control shows what the kernel says without undoing what the person did a moment ago. */
export class Control<T> {
  shown: T;
  #edited = false; // moved, and not sent yet
  #unanswered = 0;
  #held: { value: T } | undefined; // what the kernel said while we waited for an answer
  #sent: T[] = []; // what we sent since the last quiet time, and the one before: their echoes are old news

  constructor(value: T) {
    this.shown = value;
  }

  /** The person moved it. */
  edit(value: T): void {
    this.shown = value;
    this.#edited = true;
  }

  /** What was shown goes to the kernel; what it said before that is overtaken. */
  send(): T {
    this.#edited = false;
    this.#unanswered++;
    this.#held = undefined;
    this.#sent.push(this.shown);
    return this.shown;
  }

  get unsent(): boolean {
    return this.#edited;
  }

  /** The kernel answered one `send`. */
  answered(): void {
    this.#unanswered--;
    if (this.#unanswered > 0 || this.#edited) return;
    if (this.#held && !this.#sent.includes(this.#held.value)) this.shown = this.#held.value;
    this.#held = undefined;
    this.#sent = this.#sent.slice(-1);
  }

  /** The kernel refused what was sent: back to what it has. */
  refused(value: T): void {
    this.answered();
    if (!this.#unanswered && !this.#edited) this.shown = value;
  }

  /** The trait came with `value`. */
  arrived(value: T): void {
    if (this.#edited || this.#unanswered > 0) this.#held = { value };
    else this.shown = value;
  }
}

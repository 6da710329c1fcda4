// The way back through earlier prompts, as in a terminal.

const COUNT = 100;

export class Recall {
  /** Which one is shown, from 1; 0: what the person was writing. */
  at = 0;
  /** How many there are. */
  count = 0;

  #ask: (count: number) => Promise<string[] | undefined>;
  #show: (prompt: string) => void;
  #prompts: Promise<string[] | undefined> | undefined;
  #draft = "";

  constructor(ask: (count: number) => Promise<string[] | undefined>, show: (prompt: string) => void) {
    this.#ask = ask;
    this.#show = show;
  }

  /** One further back (1) or forward (-1) from `shown`, which is what the field has. */
  async step(by: 1 | -1, shown: string): Promise<void> {
    if (!this.at) {
      if (by < 0) return;
      this.#draft = shown;
      this.#prompts = undefined; // there may be new ones
    }
    this.#prompts ??= this.#ask(COUNT);
    const found = ((await this.#prompts) ?? []).filter((prompt) => prompt !== this.#draft);
    const at = Math.max(0, Math.min(found.length, this.at + by));
    this.at = at;
    this.count = found.length;
    this.#show(at ? (found[at - 1] as string) : this.#draft);
  }

  /** What is shown is the person's now. */
  stop(): void {
    this.at = 0;
  }
}

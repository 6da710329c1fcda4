// The part of the front end that is loaded when it is first used: once, for all widgets of this module.

import { inflate } from "../inflate.ts";
import type { JobRow } from "../kernel/messages.ts";
import type { ComponentChildren } from "./dom.ts";
import type { Extras } from "./extras.ts";
import type { Page } from "./page.ts";

/** What `studio/index.tsx` has. */
export interface Studio extends Extras<Page> {
  style: string;
  Examples: (props: { page: Page }) => ComponentChildren;
  Price: (props: { page: Page; model: string }) => ComponentChildren;
  Start: (props: { page: Page; id: string }) => ComponentChildren;
  PromptSet: (props: { page: Page; id: string }) => ComponentChildren;
  Needs: (props: { page: Page; jobs: JobRow[] }) => ComponentChildren;
  Runs: (props: { page: Page }) => ComponentChildren;
  /** What there is, and the chosen one in a large player; nothing where there is none. */
  Desk: (props: { page: Page; id: string }) => ComponentChildren;
}

/** The studio for one widget: loaded when `get` is first called. */
export class Later {
  #load: () => Promise<Studio>;
  #changed: () => void;
  #studio: Studio | undefined;
  #loading: Promise<Studio> | undefined;

  /** Calls `changed` once it is here. */
  constructor(load: () => Promise<Studio>, changed: () => void) {
    this.#load = load;
    this.#changed = changed;
  }

  /** Undefined until it has come. */
  get(): Studio | undefined {
    if (!this.#loading) void this.load();
    return this.#studio;
  }

  load(): Promise<Studio> {
    this.#loading ??= this.#load().then((studio) => {
      this.#studio = studio;
      this.#changed();
      return studio;
    });
    return this.#loading;
  }
}

let studio: Promise<Studio> | undefined;

/** The studio, of its text; `core` is what it shares with us. */
export function loadStudio(text: Promise<string>, core: object): Promise<Studio> {
  studio ??= text.then((deflated) => evaluated(deflated, core));
  studio.catch(() => {
    studio = undefined; // it may be had another time
  });
  return studio;
}

// It comes deflated.
async function evaluated(text: string, core: object): Promise<Studio> {
  const url = URL.createObjectURL(await inflate(text));
  try {
    const module: { default: (core: object) => { studio: Studio } } = await import(url);
    return module.default(core).studio;
  } finally {
    URL.revokeObjectURL(url);
  }
}

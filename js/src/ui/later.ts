// The part of the front end that is loaded when it is first used: once, for all widgets of this module.

import type { ComponentChildren } from "./dom.ts";
import type { Page } from "./page.ts";

/** What `studio/index.tsx` has. */
export interface Studio {
  style: string;
  /** What there is, and the chosen one in a large player; nothing where there is none. */
  Desk: (props: { page: Page; id: string }) => ComponentChildren;
}

/** The studio for one widget: loaded when `get` is first called. */
export class Later {
  #load: () => Promise<Studio>;
  #changed: () => void;
  #studio: Studio | undefined;
  #asked = false;

  /** Calls `changed` once it is here. */
  constructor(load: () => Promise<Studio>, changed: () => void) {
    this.#load = load;
    this.#changed = changed;
  }

  /** Undefined until it has come. */
  get(): Studio | undefined {
    if (!this.#asked) void this.#begin();
    return this.#studio;
  }

  async #begin(): Promise<void> {
    this.#asked = true;
    this.#studio = await this.#load();
    this.#changed();
  }
}

let studio: Promise<Studio> | undefined;

/** The studio, of its text; `core` is what it shares with us. */
export function loadStudio(text: Promise<string>, core: object): Promise<Studio> {
  studio ??= text.then((js) => evaluated(js, core));
  studio.catch(() => {
    studio = undefined; // it may be had another time
  });
  return studio;
}

async function evaluated(js: string, core: object): Promise<Studio> {
  const url = URL.createObjectURL(new Blob([js], { type: "text/javascript" }));
  try {
    const module: { default: (core: object) => { studio: Studio } } = await import(url);
    return module.default(core).studio;
  } finally {
    URL.revokeObjectURL(url);
  }
}

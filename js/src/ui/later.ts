// The part of the front end that is loaded after the form: once, for all widgets of this module.

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

/** The studio for one widget. It is loaded before there is a view, which is drawn once then. */
export class Later {
  readonly loaded: Promise<Studio>;
  #studio: Studio | undefined;

  /** Calls `changed` once it is here. */
  constructor(loading: Promise<Studio>, changed: () => void) {
    this.loaded = loading.then((studio) => {
      this.#studio = studio;
      changed();
      return studio;
    });
    this.loaded.catch(() => {}); // who waits for it hears it
  }

  /** Undefined until it has come. */
  get(): Studio | undefined {
    return this.#studio;
  }
}

let studio: Promise<Studio> | undefined;

/** The studio, of its text, which is asked for once; `core` is what it shares with us. */
export function loadStudio(text: () => string | Promise<string>, core: object): Promise<Studio> {
  studio ??= Promise.resolve(text()).then((deflated) => evaluated(deflated, core));
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

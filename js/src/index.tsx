// The anywidget module. In a Jupyter kernel it belongs to the runtime widget, which exports `begin` to the
// loaders of the widgets (`loader.ts`); elsewhere each widget has it as its own source.

import { ending, type Model, watchTheme } from "./kernel/host.ts";
import { KernelState } from "./kernel/state.ts";
import * as shared from "./shared.ts";
import { render as draw } from "./ui/dom.ts";
import { Later, loadStudio } from "./ui/later.ts";
import { Page } from "./ui/page.ts";
import { Widget } from "./ui/widget.tsx";

export interface Context {
  model: Model;
  signal?: AbortSignal; // anywidget 0.11 and later; earlier ones call what is returned
}

type Render = (context: Context & { el: HTMLElement }) => () => void;
/** `studio`: the text of studio.js, where it is here already. */
export type Begin = (model: Model, signal: AbortSignal, studio?: string) => Render;

const LOOK = 5; // seconds, while a job runs, between looks at whether the kernel is there

type RuntimeModel = Model & { get(name: "_studio"): string };

let count = 0;

/** Begins the conversation with the kernel; what is returned mounts a view, and they all share one page. */
export const begin: Begin = (model, modelSignal, studio) => {
  const views = new Set<() => void>(); // each draws itself anew
  const changed = () => {
    for (const draw of views) draw();
  };
  const kernel = new KernelState(model, modelSignal, changed);
  const page = new Page(kernel, modelSignal, changed);
  // Now: when it is needed, a cell may run, and a kernel without subshells not answer.
  const later = new Later(
    loadStudio(() => studio ?? kernel.studio(), shared),
    changed,
  );
  page.load = () => later.loaded;
  page.extras = () => later.get();
  return ({ el, signal }) => {
    const end = ending(signal);
    // At random: the page may have this module more than once.
    const id = `rw${++count}-${Math.random().toString(36).slice(2, 6)}`;
    let drawn = true;
    const now = () => {
      drawn = true;
      if (end.signal.aborted) return;
      draw(<Widget page={page} id={id} later={later} />, el);
    };
    const soon = () => {
      if (drawn) queueMicrotask(now);
      drawn = false;
    };
    const closed = page.opened();
    views.add(soon);
    watchTheme(soon, end.signal);
    document.addEventListener("visibilitychange", soon, { signal: end.signal });
    let ticks = 0;
    const clock = setInterval(() => {
      if (!kernel.ticking || document.hidden) return;
      if (kernel.lossy || ++ticks % LOOK === 0) kernel.look();
      soon();
    }, 1000);
    end.signal.addEventListener("abort", () => {
      views.delete(soon);
      closed();
      clearInterval(clock);
      draw(null, el);
    });
    now();
    return () => end.abort();
  };
};

/** Called by anywidget once a widget. */
export default () => {
  let view: Render;
  return {
    initialize({ model, signal }: Context): { begin: Begin } | (() => void) {
      // The runtime: a widget without a state of its own.
      if (!model.get("_session")) {
        const text = (model as RuntimeModel).get("_studio");
        // Now: no view waits for it yet.
        void loadStudio(() => text, shared);
        return { begin: (theirs, signal) => begin(theirs, signal, text) };
      }
      const end = ending(signal);
      view = begin(model, end.signal);
      return () => end.abort();
    },
    render: ((context) => view(context)) satisfies Render,
  };
};

// The anywidget module. In a Jupyter kernel it belongs to the runtime widget, which exports `begin` to the loaders of the widgets
// (`loader.ts`); elsewhere each widget has it as its own source.

import { render as draw } from "./dom.ts";
import { ending, type Model, watchTheme } from "./host.ts";
import { Store } from "./store.ts";
import { Widget } from "./widget.tsx";
import "./widget.css";

export interface Context {
  model: Model;
  signal?: AbortSignal; // anywidget 0.11 and later; earlier ones call what is returned
}

type Render = (context: Context & { el: HTMLElement }) => () => void;
export type Begin = (model: Model, signal: AbortSignal) => Render;

const LOOK = 5; // seconds, while a job runs, between looks at whether the kernel is there

let views = 0;

/** Begins the conversation with the kernel; what is returned mounts a view, and they all share one store. */
export const begin: Begin = (model, modelSignal) => {
  const store = new Store(model, modelSignal);
  return ({ el, signal }) => {
    const end = ending(signal);
    const id = `rw${++views}-${Math.random().toString(36).slice(2, 6)}`; // the page may have this module more than once
    let drawn = true;
    const now = () => {
      drawn = true;
      if (end.signal.aborted) return;
      store.loadNewest();
      draw(<Widget store={store} id={id} />, el);
    };
    const soon = () => {
      if (drawn) queueMicrotask(now);
      drawn = false;
    };
    const closed = store.opened();
    const unsubscribe = store.subscribe(soon);
    watchTheme(soon, end.signal);
    document.addEventListener("visibilitychange", soon, { signal: end.signal });
    let ticks = 0;
    const clock = setInterval(() => {
      if (!store.ticking || document.hidden) return;
      if (store.lossy || ++ticks % LOOK === 0) store.look();
      soon();
    }, 1000);
    end.signal.addEventListener("abort", () => {
      unsubscribe();
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
      if (!model.get("_session")) return { begin }; // the runtime: a widget without a state of its own
      const end = ending(signal);
      view = begin(model, end.signal);
      return () => end.abort();
    },
    render: ((context) => view(context)) satisfies Render,
  };
};

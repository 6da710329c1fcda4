// The anywidget module: `initialize` begins the conversation with the kernel, `render` mounts a view of it.

import { render as draw } from "preact";
import { type Model, watchTheme } from "./host.ts";
import { Store } from "./store.ts";
import { Widget } from "./widget.tsx";
import "./widget.css";

interface Context {
  model: Model;
  signal?: AbortSignal; // anywidget 0.11 and later; earlier ones call what is returned
}

const LOOK = 5; // seconds, while a job runs, between looks at whether the kernel is there

let views = 0;

/** Called by anywidget once a widget, so that its views share one store. */
export default () => {
  let store: Store;

  function initialize({ model, signal }: Context): () => void {
    const end = ending(signal);
    store = new Store(model, end.signal);
    return () => end.abort();
  }

  function render({ el, signal }: Context & { el: HTMLElement }): () => void {
    const end = ending(signal);
    const id = `rw${++views}-${Math.random().toString(36).slice(2, 6)}`; // each widget has its own copy of this module
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
    const unsubscribe = store.subscribe(soon);
    watchTheme(soon, end.signal);
    document.addEventListener("visibilitychange", soon, { signal: end.signal });
    let ticks = 0;
    const clock = setInterval(() => {
      if (!store.ticking || document.hidden) return;
      if (++ticks % LOOK === 0) store.look();
      soon();
    }, 1000);
    end.signal.addEventListener("abort", () => {
      unsubscribe();
      clearInterval(clock);
      draw(null, el);
    });
    now();
    return () => end.abort();
  }

  return { initialize, render };
};

function ending(signal: AbortSignal | undefined): AbortController {
  const controller = new AbortController();
  signal?.addEventListener("abort", () => controller.abort());
  return controller;
}

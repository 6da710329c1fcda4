// What each widget carries as its source in a Jupyter kernel: it takes the front end from the one runtime
// widget that has it (`runcrate_widget/runtime.py`). Built by itself, and kept small: it travels with every
// widget.

import type { Begin, Context } from "./index.tsx";
import { ending, type Model } from "./kernel/host.ts";
import type { Payloads } from "./kernel/messages.ts";

type LoaderModel = Model & { get(name: "_runtime"): string };
interface Front {
  begin: Begin;
}
interface Host {
  getWidget(ref: string): Promise<{ exports: Front }>;
}

export default () => {
  let model: LoaderModel;
  let signal: AbortSignal;
  let view: Promise<ReturnType<Begin>> | undefined;

  return {
    initialize(context: { model: LoaderModel; signal?: AbortSignal }) {
      const end = ending(context.signal);
      ({ model } = context);
      ({ signal } = end);
      return () => end.abort();
    },
    async render(context: Context & { el: HTMLElement; host?: Host }) {
      const { host } = context;
      // Without anywidget's composition, or without the runtime: by a message.
      view ??= (
        host ? host.getWidget(model.get("_runtime")).then((widget) => widget.exports) : Promise.reject()
      )
        .catch(fetched)
        .then((front) => front.begin(model, signal));
      return (await view)(context);
    },
  };

  function fetched(): Promise<Front> {
    return new Promise((resolve) => {
      const id = `source-${Math.random()}`;
      model.on("msg:custom", (answer: { id: string } & Payloads["source"]) => {
        if (answer.id !== id) return;
        resolve(import(URL.createObjectURL(new Blob([answer.js], { type: "text/javascript" }))));
      });
      model.send({ kind: "source", part: "widget", id });
    });
  }
};

// A host with Colab's manners, and a model of our own. Of all that the kernel sends after a widget was made, only what it sends
// while it handles one of the page's own messages arrives. Buffers are `Uint8Array`s, or `undefined` where there are none. A view
// gets `model` and `el` alone, as before anywidget 0.11: no `host`, no `signal`; and the model has no widget manager.

import { KernelMessage } from "@jupyterlab/services";
import { Cells, connect } from "./kernel.js";

const kernel = connect({ handleComms: false });
const models = new Map(); // by comm id

class Model {
  #id;
  #state;
  #changed = new Set(); // names set and not yet saved
  #listeners = new Map();
  #widget;

  constructor(id, state) {
    this.#id = id;
    this.#state = state;
  }

  get(name) {
    return this.#state[name];
  }

  set(name, value) {
    this.#change(name, value);
    this.#changed.add(name);
  }

  save_changes() {
    const state = Object.fromEntries([...this.#changed].map((name) => [name, this.#state[name]]));
    this.#changed.clear();
    this.#tell({ method: "update", state, buffer_paths: [] });
  }

  send(content, callbacks, buffers) {
    this.#tell({ method: "custom", content }, buffers, callbacks?.iopub?.status);
  }

  on(event, callback) {
    if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
    this.#listeners.get(event).add(callback);
  }

  off(event, callback) {
    if (!event) this.#listeners.clear();
    else if (callback) this.#listeners.get(event)?.delete(callback);
    else this.#listeners.delete(event);
  }

  /** The kernel said `data`. */
  hear(data, buffers) {
    if (data.method === "update")
      for (const [name, value] of Object.entries(data.state)) this.#change(name, value);
    else if (data.method === "custom")
      this.#emit("msg:custom", data.content, buffers.length ? buffers.map(bytes) : undefined);
  }

  async show(element) {
    this.#widget ??= this.#load();
    const { render } = await this.#widget;
    await render?.({ model: this, el: element });
  }

  async #load() {
    const url = URL.createObjectURL(new Blob([this.get("_esm")], { type: "text/javascript" }));
    const { default: given } = await import(url);
    URL.revokeObjectURL(url);
    const widget = typeof given === "function" ? await given() : given;
    await widget.initialize?.({ model: this });
    return widget;
  }

  #change(name, value) {
    if (JSON.stringify(this.#state[name]) === JSON.stringify(value)) return;
    this.#state[name] = value;
    this.#emit(`change:${name}`);
    this.#emit("change");
  }

  #emit(event, ...values) {
    for (const callback of [...(this.#listeners.get(event) ?? [])]) callback(...values);
  }

  #tell(data, buffers = [], onStatus = undefined) {
    const message = KernelMessage.createMessage({
      msgType: "comm_msg",
      channel: "shell",
      username: "",
      session: kernel.clientId,
      content: { comm_id: this.#id, data },
      buffers,
    });
    // A future hears what has this message for a parent, from its `busy` to its `idle`: the rest is lost.
    const future = kernel.sendShellMessage(message, false);
    future.onIOPub = (answer) => {
      if (answer.header.msg_type === "comm_msg")
        models.get(answer.content.comm_id)?.hear(answer.content.data, answer.buffers ?? []);
      if (answer.header.msg_type === "status") onStatus?.(answer);
    };
  }
}

function bytes(view) {
  return new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength);
}

async function showView({ model_id }, element) {
  const view = document.createElement("div");
  view.className = "view";
  element.append(view);
  await models.get(model_id).show(view);
}

const cells = new Cells(kernel, showView);
window.run = (code) =>
  cells.run(code, ({ header, content }) => {
    if (header.msg_type === "comm_open")
      models.set(content.comm_id, new Model(content.comm_id, content.data.state));
  });

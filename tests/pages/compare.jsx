// The studio's comparison alone, with a model whose kernel has the videos: `compare(state, entries, chosen)`.

import { render } from "../../js/src/ui/dom.ts";
import { KernelState } from "../../js/src/kernel/state.ts";
import { Compare } from "../../js/src/studio/compare/compare.tsx";
import { deskOf } from "../../js/src/studio/desk.ts";
import { Page } from "../../js/src/ui/page.ts";
import { FakeWall } from "../fake_wall.js";
import "../../js/src/ui/css/index.css";
import "../../js/src/studio/css/index.css";

/** A kernel that gives the bytes of `files` and does what it is asked to choose. */
class Model {
  sent = [];
  refused; // the ErrorRow that every choice is answered with

  #heard = new Map();

  constructor(state, entries, files) {
    this.state = state;
    this.wall = new FakeWall(() => [], entries);
    this.files = files;
  }

  get(name) {
    return this.state[name];
  }

  on(event, hear) {
    this.#heard.set(event, hear);
  }

  off(event) {
    this.#heard.delete(event);
  }

  send(message) {
    this.sent.push(message);
    queueMicrotask(() => this.#answer(message));
  }

  #answer({ id, kind, ...asked }) {
    const say = (payload, buffers = []) =>
      this.#heard.get("msg:custom")?.({ id, ok: true, ...payload }, buffers);
    if (kind === "chunk") {
      const file = this.files.get(asked.key);
      const part = file.slice(asked.offset, asked.offset + asked.length);
      say({ offset: asked.offset, total: file.length }, [new DataView(part.buffer)]);
    } else if (kind === "choose" && this.refused) say({ ok: false, error: this.refused });
    else if (["wall", "wall_rows", "choose"].includes(kind)) say(this.wall[kind](asked));
    else if (kind === "posters") say({ with: [] });
    else if (kind === "hello") say({ now: Date.now() / 1000, revision: 0 });
    else say({});
  }
}

window.compare = async (state, entries, chosen) => {
  const files = new Map();
  for (const { key } of entries)
    files.set(key, new Uint8Array(await (await fetch(`${key}.mp4`)).arrayBuffer()));
  const first = { revision: 0, total: 0, open: 0, waiting: 0, newest: 0, rows: [] };
  const model = new Model({ ...state, _first: first, _changed: { since: 0, ...first } }, entries, files);
  const { signal } = new AbortController();
  const changed = () => queueMicrotask(draw);
  const kernel = new KernelState(model, signal, changed);
  const page = new Page(kernel, signal, changed);
  const desk = deskOf(page);
  const el = document.querySelector(".rw-card");
  const draw = () =>
    render(
      <>
        <button type="button" class="rw-button" onClick={() => desk.open("compare")}>
          Compare
        </button>
        {desk.mode === "compare" && (
          <div style={{ padding: "12px 14px" }}>
            <Compare page={page} desk={desk} />
          </div>
        )}
      </>,
      el,
    );
  desk.put(entries);
  desk.chosen = chosen;
  draw();
  Object.assign(window, { model, desk });
};

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Store } from "../src/store.ts";
import { Kernel, turn } from "./kernel.ts";
import { job } from "./rows.ts";

const lives: AbortController[] = [];
afterEach(() => {
  for (const life of lives.splice(0)) life.abort();
});

function open(kernel: Kernel) {
  const life = new AbortController();
  lives.push(life);
  return { store: new Store(kernel, life.signal), life };
}

test("a typed prompt is sent after a rest, once", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const kernel = new Kernel();
  const { store } = open(kernel);
  for (const text of ["A", "A b", "A ba"]) {
    store.set("prompt", text);
    t.mock.timers.tick(299);
  }
  assert.equal(kernel.of("set").length, 0);
  t.mock.timers.tick(1);
  assert.deepEqual(
    kernel.of("set").map(({ name, value }) => [name, value]),
    [["prompt", "A ba"]],
  );
});

test("a control that is set to what it shows says nothing", () => {
  const kernel = new Kernel();
  open(kernel).store.set("duration", 6);
  assert.equal(kernel.of("set").length, 0);
});

test("generate carries what is shown, after the prompt that was not sent yet", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const kernel = new Kernel();
  const { store } = open(kernel);
  store.set("takes", 3);
  store.set("prompt", "A bear");
  void store.generate();
  void store.generate(); // the second press of a double click
  const [takes, prompt, generate, ...rest] = kernel.sent.slice(1);
  assert.deepEqual([takes.name, prompt.name], ["takes", "prompt"]);
  const { id: _, ...request } = generate;
  assert.deepEqual(request, {
    kind: "generate",
    prompt: "A bear",
    model: "google/veo-3.0",
    duration: 6,
    aspect_ratio: "16:9",
    takes: 3,
  });
  assert.equal(rest.length, 0);
  kernel.answer(generate, { keys: ["k"] });
  await turn();
  assert.equal(store.sending, true, "for as long as a press may be the second of a double click");
  t.mock.timers.tick(1000);
  assert.equal(store.sending, false);
});

test("nothing is generated without a prompt, or without a key", () => {
  for (const kernel of [
    new Kernel({ prompt: "  \n" }),
    new Kernel({
      _session: { demo: false, key: false, service: "", library: "", root: null, saved: "", earlier: 0 },
    }),
  ]) {
    const { store } = open(kernel);
    assert.notEqual(store.blocked, "");
    void store.generate();
    assert.equal(kernel.of("generate").length, 0);
  }
});

test("a silent kernel is named busy after a second, until it answers", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const kernel = new Kernel();
  const { store } = open(kernel);
  void store.generate();
  t.mock.timers.tick(999);
  assert.equal(store.busy, "");
  t.mock.timers.tick(1);
  assert.match(store.busy, /No kernel has answered yet/);
  kernel.answer(kernel.of("hello")[0], { now: 0 });
  assert.match(store.busy, /busy: queued, it starts when the running cell ends/);
  kernel.answer(kernel.of("generate")[0], { keys: [] });
  await turn();
  assert.equal(store.busy, "");
});

test("a refused control goes back, a refused prompt stays, and the next move clears the error", async () => {
  const kernel = new Kernel();
  const { store } = open(kernel);
  store.set("duration", 7);
  kernel.refuse(kernel.of("set")[0], "Not 7.", "duration");
  await turn();
  assert.equal(store.settings.duration, 6);
  assert.equal(store.error?.field, "duration");
  store.set("duration", 8);
  assert.equal(store.error, null);
  store.set("prompt", "Too long");
  store.flush();
  kernel.refuse(kernel.of("set").at(-1), "Too long.", "prompt");
  await turn();
  assert.equal(store.settings.prompt, "Too long");
});

test("a change of stage is announced, and the first sight of a list is not", () => {
  const kernel = new Kernel({ _jobs: [job({})] });
  const { store } = open(kernel);
  assert.equal(store.announcement, "");
  kernel.set("_jobs", [job({ status: "completed" }), job({ key: "k2", status: "failed", prompt: "A bear" })]);
  assert.equal(store.announcement, "A fox: completed. A bear: failed");
});

test("an error of a job's action stays with that job", async () => {
  const kernel = new Kernel({ _jobs: [job({ status: "waiting" })] });
  const { store } = open(kernel);
  void store.act("cancel", "k1");
  assert.ok(store.isOpen("cancel", "k1"));
  void store.act("cancel", "k1");
  assert.equal(kernel.of("cancel").length, 1);
  kernel.refuse(kernel.of("cancel")[0], "It was sent already.");
  await turn();
  assert.equal(store.jobError("k1")?.message, "It was sent already.");
  assert.equal(store.error, null);
});

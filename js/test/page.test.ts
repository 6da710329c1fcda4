import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { KernelState } from "../src/kernel/state.ts";
import { Page } from "../src/ui/page.ts";
import { Kernel, turn } from "./kernel.ts";
import { changed, first, job } from "./rows.ts";

const lives: AbortController[] = [];
afterEach(() => {
  for (const life of lives.splice(0)) life.abort();
});

function open(kernel: Kernel) {
  const life = new AbortController();
  lives.push(life);
  const state = new KernelState(kernel, life.signal, () => {});
  return {
    page: new Page(state, life.signal, () => {}),
    life,
  };
}

test("a typed prompt is sent after a rest, once", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const kernel = new Kernel();
  const { page } = open(kernel);
  for (const text of ["A", "A b", "A ba"]) {
    page.set("prompt", text);
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
  open(kernel).page.set("duration", 6);
  assert.equal(kernel.of("set").length, 0);
});

test("generate carries what is shown, after the prompt that was not sent yet", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const kernel = new Kernel();
  const { page } = open(kernel);
  page.set("takes", 3);
  page.set("prompt", "A bear");
  void page.generate();
  void page.generate(); // the second press of a double click
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
    image: null,
  });
  assert.equal(rest.length, 0);
  kernel.answer(generate, { keys: ["k"] });
  await turn();
  assert.equal(page.sending, true, "for as long as a press may be the second of a double click");
  t.mock.timers.tick(1000);
  assert.equal(page.sending, false);
});

test("nothing is generated without a prompt, or without a key", () => {
  for (const kernel of [
    new Kernel({ prompt: "  \n" }),
    new Kernel({
      _session: {
        demo: false,
        has_key: false,
        service: "",
        library: "",
        root: null,
        saved: "",
        limit: null,
        wall: 0,
        form: true,
        elsewhere: "",
      },
    }),
  ]) {
    const { page } = open(kernel);
    assert.notEqual(page.blocked, "");
    void page.generate();
    assert.equal(kernel.of("generate").length, 0);
  }
});

test("a silent kernel is named busy after a second, until it answers", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const kernel = new Kernel();
  const { page } = open(kernel);
  void page.generate();
  t.mock.timers.tick(999);
  assert.equal(page.busy, "");
  t.mock.timers.tick(1);
  assert.match(page.busy, /No kernel has answered yet/);
  kernel.answer(kernel.of("hello")[0], { now: 0 });
  assert.match(page.busy, /Queued: a cell is running.* It starts after that/);
  kernel.answer(kernel.of("generate")[0], { keys: [] });
  await turn();
  assert.equal(page.busy, "");
});

test("a refused control goes back, a refused prompt stays, and the next move clears the error", async () => {
  const kernel = new Kernel();
  const { page } = open(kernel);
  page.set("duration", 7);
  kernel.refuse(kernel.of("set")[0], "Not 7.", "duration");
  await turn();
  assert.equal(page.settings.duration, 6);
  assert.equal(page.error?.field, "duration");
  page.set("duration", 8);
  assert.equal(page.error, null);
  page.set("prompt", "Too long");
  page.flush();
  kernel.refuse(kernel.of("set").at(-1), "Too long.", "prompt");
  await turn();
  assert.equal(page.settings.prompt, "Too long");
});

test("a change of stage is announced, and the first sight of a list is not", () => {
  const kernel = new Kernel({ _first: first([job({})]) });
  const { page } = open(kernel);
  assert.equal(page.announcement, "");
  const rows = [
    job({ status: "completed", revision: 1 }),
    job({ key: "k2", status: "failed", prompt: "A bear", revision: 1 }),
  ];
  kernel.set("_changed", changed(0, rows));
  assert.equal(page.announcement, "A fox: completed. A bear: failed");
});

test("an error of a job's action stays with that job", async () => {
  const kernel = new Kernel({ _first: first([job({ status: "waiting" })]) });
  const { page } = open(kernel);
  void page.act("cancel", "k1");
  assert.ok(page.isOpen("cancel", "k1"));
  void page.act("cancel", "k1");
  assert.equal(kernel.of("cancel").length, 1);
  kernel.refuse(kernel.of("cancel")[0], "It was sent already.");
  await turn();
  assert.equal(page.jobError("k1")?.message, "It was sent already.");
  assert.equal(page.error, null);
});

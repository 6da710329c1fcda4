import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversation } from "../src/kernel/conversation.ts";
import { Kernel, turn } from "./kernel.ts";

test("each request gets its own answer, whatever their order", async () => {
  const kernel = new Kernel();
  const conversation = new Conversation(kernel, new AbortController().signal);
  const first = conversation.ask({ kind: "cancel", key: "a" });
  const second = conversation.ask({ kind: "resubmit", key: "b" });
  kernel.answer(kernel.sent[1], { key: "c" });
  kernel.refuse(kernel.sent[0], "It was sent already.");
  const [one, two] = await Promise.all([first, second]);
  assert.equal(!one.ok && one.error.message, "It was sent already.");
  assert.equal(two.ok && two.key, "c");
});

test("an answer to another page's request is left alone, and ids are never shared", async () => {
  const kernel = new Kernel();
  const here = new Conversation(kernel, new AbortController().signal);
  const there = new Conversation(kernel, new AbortController().signal);
  let answered = false;
  void here.ask({ kind: "demo" }).then(() => {
    answered = true;
  });
  const theirs = there.ask({ kind: "demo" });
  assert.notEqual(kernel.sent[0].id, kernel.sent[1].id);
  kernel.answer(kernel.sent[1]);
  await theirs;
  await turn();
  assert.equal(answered, false);
});

test("hello learns the kernel's clock", async () => {
  const kernel = new Kernel();
  kernel.handle = (message) => kernel.answer(message, { now: Date.now() / 1000 + 300 });
  const conversation = new Conversation(kernel, new AbortController().signal);
  await conversation.hello();
  assert.ok(Math.abs(conversation.clockOffset - 300) < 1);
});

test("where traits get lost, state comes with the answer to a hello, once for each change", async () => {
  const kernel = new Kernel();
  let revision = 7; // the kernel's; the trait stays behind
  kernel.handle = (message) => {
    const state = message.seen === revision ? {} : { state: { prompt: `${revision}` } };
    kernel.answer(message, { now: 0, revision, ...state });
  };
  const conversation = new Conversation(kernel, new AbortController().signal);
  const states: string[] = [];
  conversation.onNews = ({ state }) => {
    if (state && conversation.lossy) states.push(state.prompt);
  };
  await conversation.hello();
  assert.equal(conversation.lossy, true);
  assert.deepEqual(states, ["7"]);
  await conversation.hello();
  assert.deepEqual(states, ["7"], "nothing new");
  revision = 8;
  await conversation.hello();
  assert.deepEqual(states, ["7", "8"]);

  kernel.traits._revision = revision = 9;
  await conversation.hello();
  assert.equal(conversation.lossy, false);
  assert.deepEqual(states, ["7", "8"], "the traits are here");
});

test("a silent kernel is asked again, ever more seldom, and one answer is enough", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const kernel = new Kernel();
  const conversation = new Conversation(kernel, new AbortController().signal, 1000);
  const alive = conversation.alive();
  assert.equal(conversation.alive(), alive, "one question for all who ask");
  for (const wait of [1000, 2000, 4000]) t.mock.timers.tick(wait);
  assert.equal(kernel.of("hello").length, 4);
  kernel.answer(kernel.sent[2], { now: 0 });
  await alive;
  t.mock.timers.tick(60_000);
  assert.equal(kernel.of("hello").length, 4);
});

test("a message that cannot be sent is answered as an error", async () => {
  const kernel = new Kernel();
  kernel.send = () => {
    throw new Error("Kernel is dead");
  };
  const conversation = new Conversation(kernel, new AbortController().signal);
  let ends = 0;
  conversation.onEnd = () => ends++;
  for (const _ of [1, 2]) assert.equal((await conversation.ask({ kind: "demo" })).ok, false);
  assert.equal(
    ends,
    1,
    "whoever asks, the page hears of it: once, or each drawing that asks would cause another",
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Recall } from "../src/ui/recall.ts";

test("back through earlier prompts and forward again to what was being written", async () => {
  const shown: string[] = [];
  let asked = 0;
  const recall = new Recall(
    async () => {
      asked++;
      return ["third", "draft", "first"];
    },
    (prompt) => shown.push(prompt),
  );
  await recall.step(-1, "draft");
  assert.deepEqual([shown, asked], [[], 0], "there is nothing before now");
  await recall.step(1, "draft");
  await recall.step(1, "third");
  assert.deepEqual([recall.at, recall.count], [2, 2], "what is being written is not offered");
  await recall.step(1, "first");
  await recall.step(-1, "first");
  await recall.step(-1, "third");
  assert.deepEqual(shown, ["third", "first", "first", "third", "draft"]);
  assert.equal(asked, 1);
  assert.equal(recall.at, 0);
  await recall.step(1, "draft");
  assert.equal(asked, 2, "there may be new ones");
  recall.stop();
  await recall.step(1, "third, edited");
  await recall.step(-1, "third");
  assert.equal(shown.at(-1), "third, edited");
});

test("a kernel that refuses, or a library that has none, changes nothing", async () => {
  for (const answer of [undefined, []]) {
    const shown: string[] = [];
    const recall = new Recall(
      async () => answer,
      (prompt) => shown.push(prompt),
    );
    await recall.step(1, "draft");
    assert.deepEqual([...new Set(shown), recall.at], ["draft", 0]);
  }
});

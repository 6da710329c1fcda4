// What the sides of a comparison are called.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { EntryRow } from "../src/kernel/messages.ts";
import { nameOf } from "../src/studio/compare/name.ts";

const entry = (fields: Partial<EntryRow>) =>
  ({
    prompt: "A kite",
    model_name: "Veo 3.0",
    take: 1,
    duration: 6,
    aspect_ratio: "16:9",
    video: null,
    ...fields,
  }) as EntryRow;
const names = (...sides: EntryRow[]) => sides.map((one) => nameOf(one, sides));

test("by the model where it differs, and the take is not said where there is one", () => {
  assert.deepEqual(names(entry({}), entry({ model_name: "Sora 2 Pro", duration: 8 })), [
    { own: "Veo 3.0 · 6 s", common: "16:9" },
    { own: "Sora 2 Pro · 8 s", common: "16:9" },
  ]);
});

test("by the take where it alone differs", () => {
  assert.deepEqual(names(entry({}), entry({ take: 2 })), [
    { own: "take 1", common: "Veo 3.0 · 6 s · 16:9" },
    { own: "take 2", common: "Veo 3.0 · 6 s · 16:9" },
  ]);
});

test("by the prompt, from where on it differs", () => {
  assert.equal(names(entry({}), entry({ prompt: "A dog" }))[1]?.own, "A dog");
  const long = "A red kite over a beach in winter, wide shot, ";
  const both = names(entry({ prompt: `${long}at dawn` }), entry({ prompt: `${long}at dusk` }));
  assert.deepEqual(
    both.map(({ own }) => own),
    ["…dawn", "…dusk"],
  );
  const cut = names(entry({ prompt: long.trim() }), entry({ prompt: `${long}at dusk` }));
  assert.notEqual(cut[0]?.own, cut[1]?.own);
});

test("where nothing differs, by what there is", () => {
  assert.deepEqual(names(entry({}), entry({}))[0], { own: "Veo 3.0 · 6 s · 16:9", common: "" });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { difference, type Piece } from "../src/studio/difference.ts";

/** As one would write it: `[-removed-]`, `{+added+}`. */
function shown(pieces: Piece[]): string {
  const marks = { same: ["", ""], removed: ["[-", "-]"], added: ["{+", "+}"] } as const;
  return pieces.map(({ kind, text }) => marks[kind][0] + text + marks[kind][1]).join("");
}

test("words that came and words that went", () => {
  assert.equal(
    shown(difference("A red fox runs at dawn", "A grey fox runs slowly at dawn")),
    "A[- red-]{+ grey+} fox runs{+ slowly+} at dawn",
  );
});

test("the same prompt has no difference, whatever its white space", () => {
  assert.deepEqual(difference(" A fox\n in  snow", "A fox in snow "), [
    { kind: "same", text: "A fox in snow" },
  ]);
});

test("all of it may be new, or gone", () => {
  assert.equal(shown(difference("", "A fox")), "{+A fox+}");
  assert.equal(shown(difference("A fox", "")), "[-A fox-]");
  assert.deepEqual(difference("", ""), []);
});

test("a mark of punctuation is a word of its own", () => {
  assert.equal(shown(difference("A fox, running", "A fox, sleeping.")), "A fox,[- running-]{+ sleeping.+}");
});

test("where words are not apart, each character is one", () => {
  assert.equal(shown(difference("雪中的狐狸", "雪中的白狐狸")), "雪中的{+白+}狐狸");
});

test("what stays can be read in the pieces that are not removed, and what was in those that are not added", () => {
  const [before, after] = ["wind over dunes at noon, wide shot", "dunes at night, wind, wide drone shot"];
  const pieces = difference(before, after);
  const without = (kind: string) =>
    pieces
      .filter((one) => one.kind !== kind)
      .map(({ text }) => text)
      .join("");
  assert.equal(without("removed").trim(), after);
  assert.equal(without("added").trim(), before);
});

test("two prompts of 3,000 characters each take no time that one notices", () => {
  const long = (seed: number) =>
    Array.from({ length: 3000 }, (_, n) => String.fromCharCode(0x4e00 + ((n * seed) % 89))).join("");
  const begun = performance.now();
  difference(long(7), long(11));
  assert.ok(performance.now() - begun < 2000);
});

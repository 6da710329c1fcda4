// Money in words.

import assert from "node:assert/strict";
import { test } from "node:test";
import { counted, dollars, priceOf, priceText, remainder, sum } from "../src/studio/purse.ts";

const spent = (videos: number, seconds: number, known: number | null, unpriced = 0) => ({
  videos,
  seconds,
  dollars: known,
  unpriced,
});

test("a price is read as people write it", () => {
  assert.deepEqual(["0.4", " $0,40 ", ".5", "2", "2.", "0"].map(priceOf), [0.4, 0.4, 0.5, 2, 2, 0]);
  assert.deepEqual(["", "  "].map(priceOf), [null, null]);
  assert.deepEqual(["free", "-1", "1e3", "0.4 a second", "."].map(priceOf), Array(5).fill(undefined));
  assert.deepEqual(
    ["1,000", "$2,405", "1,000.50", "1.000,5", "9".repeat(400)].map(priceOf),
    Array(5).fill(undefined),
  );
  assert.deepEqual(["0,400", "1,0005", "1.000", "1000,5"].map(priceOf), [0.4, 1.0005, 1, 1000.5]);
  assert.deepEqual([0.4, 0.125, 2, null].map(priceText), ["0.40", "0.125", "2.00", ""]);
});

test("a sum says what is known", () => {
  assert.equal(dollars(1212.8), "$1,212.80");
  assert.equal(dollars(0.004), "under $0.01");
  assert.equal(dollars(0), "$0.00");
  assert.equal(sum(spent(0, 0, 0)), "–");
  assert.equal(sum(spent(9, 36, 14.4)), "$14.40");
  assert.equal(sum(spent(3, 12, null, 3)), "price not known");
});

test("and of what, and what is not in it", () => {
  assert.deepEqual(counted(spent(0, 0, 0)), "");
  assert.deepEqual(counted(spent(1, 4, 1.6)), "1 video · 4 s");
  assert.deepEqual(counted(spent(1131, 5540.25, 212, 12)), "1,131 videos · 5,540.3 s · 12 without a price");
  assert.deepEqual(counted(spent(2, 0, null, 2)), "2 videos");
});

test("what is left of a limit is not rounded up", () => {
  assert.equal(remainder({ seconds: 119.9, dollars: 8.8 }), "119 s of video, $8.80");
  assert.equal(remainder({ seconds: null, dollars: 0.299 }), "$0.29");
});

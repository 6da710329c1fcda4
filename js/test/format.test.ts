import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, facts, progress, short, size } from "../src/ui/format.ts";
import { job } from "./rows.ts";

test("a clock counts whole seconds, and never below zero", () => {
  assert.deepEqual([0, 7.9, 60, 750, 3723, -4].map(clock), [
    "0:00",
    "0:07",
    "1:00",
    "12:30",
    "1:02:03",
    "0:00",
  ]);
});

test("a size has the unit that suits it", () => {
  assert.deepEqual([0, 812_400, 999_499, 999_500, 3_140_000, 20_000_000, 2.5e9].map(size), [
    "0 KB",
    "812 KB",
    "999 KB",
    "1.0 MB",
    "3.1 MB",
    "20 MB",
    "2.5 GB",
  ]);
});

test("progress is counted in the unit of the whole", () => {
  assert.equal(progress(3_140_000, 20_000_000), "3.1 of 20 MB");
  assert.equal(progress(0, 20_000_000), "0 of 20 MB");
  assert.equal(progress(400_000, 800_000), "400 of 800 KB");
});

test("the facts leave out what is not known, and the first take", () => {
  assert.equal(facts(job({})), "Veo 3.0 · 6 s · 16:9");
  assert.equal(facts(job({ take: 3, aspect_ratio: null, duration: null })), "Veo 3.0 · take 3");
});

test("a shortened text keeps whole characters, on one line", () => {
  assert.equal(short("a\n b", 10), "a b");
  assert.equal(short("🦊🦊🦊🦊", 3), "🦊🦊…");
});

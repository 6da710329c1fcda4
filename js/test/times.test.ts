import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { KernelState } from "../src/kernel/state.ts";
import { ahead, timeOfDay } from "../src/studio/ahead.ts";
import { Page } from "../src/ui/page.ts";
import { timesOf, usually } from "../src/ui/times.ts";
import { Kernel, turn } from "./kernel.ts";
import { changed, job } from "./rows.ts";

const lives: AbortController[] = [];
afterEach(() => {
  for (const life of lives.splice(0)) life.abort();
});

const MADE = [40, 45, 50, 55, 60, 65, 70, 75, 80];
const TIMES = { making: MADE.map((one) => one - 10), queued: MADE.map(() => 10), whole: MADE };

test("the times of a model and duration are asked for once, and again when one more was made", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const kernel = new Kernel();
  const life = new AbortController();
  lives.push(life);
  let drawn = 0;
  const page = new Page(new KernelState(kernel, life.signal, () => {}), life.signal, () => drawn++);
  assert.equal(timesOf(page, "veo", 6), undefined);
  assert.equal(timesOf(page, "veo", 6), undefined);
  assert.equal(timesOf(page, "veo", 8), undefined);
  assert.deepEqual(
    kernel.of("times").map(({ model, duration }) => [model, duration]),
    [
      ["veo", 6],
      ["veo", 8],
    ],
  );
  const before = drawn;
  kernel.answer(kernel.of("times")[0], TIMES);
  await turn();
  assert.deepEqual(timesOf(page, "veo", 6)?.whole, MADE);
  assert.ok(drawn > before);
  assert.equal(kernel.of("times").length, 2);
  const rows = [
    job({ key: "a", model: "veo", duration: 6, status: "completed", revision: 1 }),
    job({ key: "b", model: "veo", duration: 8, status: "failed", revision: 1 }),
    job({ key: "c", model: "other", duration: 6, status: "completed", revision: 1 }),
  ];
  kernel.set("_changed", changed(0, rows));
  assert.equal(kernel.of("times").length, 3);
  assert.equal(kernel.of("times")[2].duration, 6);
  assert.deepEqual(timesOf(page, "veo", 6)?.whole, MADE, "what is known stays until the answer");
});

test("what is usual is said in seconds, or in minutes, or not at all", () => {
  assert.equal(usually(undefined), "");
  assert.equal(usually({ ...TIMES, whole: [50, 60] }), "");
  assert.equal(usually(TIMES), "usually 40–80 s");
  assert.equal(usually({ ...TIMES, whole: MADE.map((one) => one * 3) }), "usually 2–4 min");
});

test("what is ahead is counted from the making once that has begun, and never gets there by itself", () => {
  assert.deepEqual(ahead(undefined, 1000, null, 1010), { by: undefined, share: undefined });
  assert.deepEqual(ahead(TIMES, null, null, 1010), { by: undefined, share: undefined });
  const queued = ahead(TIMES, 1000, null, 1010);
  assert.equal(queued.by, 1075);
  assert.ok(queued.share && queued.share < 0.2);
  assert.equal(ahead(TIMES, 1000, 1030, 1040).by, 1095, "it waited longer than most");
  const late = ahead(TIMES, 1000, 1010, 9000);
  assert.equal(late.by, undefined);
  assert.ok(late.share && late.share < 1);
  assert.deepEqual([queued.over, late.over], [false, true]);
  // Of four that are known, one may be over and yet it takes no longer than they did.
  const few = ahead({ ...TIMES, whole: [40, 50, 60, 70] }, 1000, null, 1045);
  assert.deepEqual([few.by, few.over], [undefined, false]);
});

test("a time of day has 24 hours, whatever the browser's language", () => {
  const page = { kernel: { conversation: { clockOffset: 0 } } } as unknown as Page;
  const at = (hours: number, minutes: number) => new Date(2026, 10, 26, hours, minutes).getTime() / 1000;
  assert.equal(timeOfDay(page, at(17, 43) + 1), "17:44");
  assert.equal(timeOfDay(page, at(0, 5)), "00:05");
});

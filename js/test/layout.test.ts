import assert from "node:assert/strict";
import { test } from "node:test";
import { inView, layOut, place, reach, rowAt, step } from "../src/studio/layout.ts";

const three = layOut(370, [4, 1, 5], true); // 3 columns: rows of 4 4 4 | 4 1 5 | 5 5 5 | 5

test("as many columns as have room for a tile of its least width", () => {
  for (const [room, columns] of [
    [100, 1],
    [243, 1],
    [244, 2],
    [369, 2],
    [370, 3],
    [1176, 9],
  ] as const)
    assert.equal(layOut(room, [1], false).columns, columns, `${room}`);
  assert.equal(layOut(370, [1], false).width, 118);
  assert.deepEqual([layOut(0, [], false).count, layOut(0, [], false).whole], [0, 0]);
});

test("there is room for a name above the rows in which a day begins, once where two do", () => {
  assert.deepEqual(
    [...three.days],
    [
      [0, 0],
      [4, 1],
      [5, 2],
    ],
  );
  assert.deepEqual(three.headed, [0, 1]);
  const pitch = three.height + 11;
  const tops = [0, 3, 6, 9].map((at) => place(three, at).top);
  assert.deepEqual(
    tops.map((top, n) => top - (tops[n - 1] ?? 0)),
    [25 + 11, pitch + 25, pitch, pitch],
  );
  assert.equal(three.whole, 4 * pitch + 50);
  assert.equal(layOut(370, [10], false).whole, 4 * pitch, "where there are no days there are no names");
});

test("what is in view is drawn, and two rows around it", () => {
  const many = layOut(370, [5000], false);
  for (const top of [0, 1, 777, 60_000, many.whole - 600, many.whole, many.whole + 500]) {
    const [first, last] = inView(many, top, 600);
    assert.ok(first >= 0 && last <= 5000 && last - first <= 50, `${top}: ${first} to ${last}`);
    const seen = Array.from({ length: 5000 }, (_, at) => at).filter((at) => {
      const y = place(many, at).top;
      return y < top + 600 && y + many.height > top;
    });
    for (const at of seen) assert.ok(at >= first && at < last, `${at} is in view at ${top}`);
  }
  assert.equal(rowAt(many, 0), 0);
  assert.equal(rowAt(many, many.whole), Math.ceil(5000 / 3));
});

test("a tile is brought into view by as little as can be", () => {
  const many = layOut(370, [5000], false);
  const at = 300;
  const { top } = place(many, at);
  for (const before of [0, top - 200, top + 5000]) {
    const after = reach(many, at, before, 600);
    assert.ok(after <= top && top + many.height <= after + 600, `from ${before}`);
  }
  assert.equal(reach(many, at, top - 200, 600), top - 200, "it was seen already");
});

test("keys go to the tile beside, above and below, and stay where there is none", () => {
  const go = (at: number, key: string, rtl = false) => step(three, at, key, 160, rtl);
  assert.deepEqual(
    [go(4, "ArrowLeft"), go(4, "ArrowRight"), go(4, "ArrowUp"), go(4, "ArrowDown")],
    [3, 5, 1, 7],
  );
  assert.deepEqual([go(4, "ArrowLeft", true), go(4, "ArrowRight", true)], [5, 3]);
  assert.deepEqual(
    [go(0, "ArrowLeft"), go(1, "ArrowUp"), go(9, "ArrowRight"), go(9, "ArrowDown")],
    [0, 1, 9, 9],
  );
  assert.equal(go(8, "ArrowDown"), 9, "the last row has no tile below it: the last one");
  assert.deepEqual([go(4, "Home"), go(4, "End"), go(0, "PageDown"), go(9, "PageUp")], [0, 9, 6, 3]);
  assert.equal(go(4, "k"), undefined);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { cellAt, goes, roomOf, seen } from "../src/studio/grid/room.ts";
import { place } from "../src/studio/layout.ts";

test("prompts stand beside their cells where these fit, and else above them", () => {
  const wide = roomOf(1150, 4, 3);
  assert.ok(wide.side > 0);
  assert.deepEqual([wide.columns, wide.slots, wide.headed], [3, 3, []]);
  const narrow = roomOf(360, 4, 3);
  assert.deepEqual([narrow.side, narrow.columns, narrow.slots], [0, 2, 4]);
  assert.deepEqual(narrow.headed, [0, 2, 4, 6]);
  for (const room of [wide, narrow]) {
    const last = place(room, room.columns - 1);
    assert.ok(room.side + last.start + room.width <= (room === wide ? 1150 : 360) + 0.01);
  }
});

test("a place is a cell, or none at the end of a row", () => {
  const room = roomOf(360, 4, 3);
  assert.deepEqual(cellAt(room, 2), { row: 0, cell: 2 });
  assert.deepEqual(cellAt(room, 3), { row: 0, cell: undefined });
  assert.deepEqual(cellAt(room, 4), { row: 1, cell: 3 });
});

test("keys go from cell to cell, over the places where there is none", () => {
  const room = roomOf(360, 4, 3);
  const to = (at: number, key: string) => goes(room, at, key, 400, false);
  assert.equal(to(2, "ArrowRight"), 4);
  assert.equal(to(4, "ArrowLeft"), 2);
  assert.equal(to(1, "ArrowDown"), 2);
  assert.equal(to(5, "ArrowUp"), 2);
  assert.equal(to(0, "End"), 14);
  assert.equal(to(14, "ArrowRight"), 14);
  assert.equal(to(0, "k"), undefined);
});

test("some fifty are drawn, however many there are and however wide it is", () => {
  for (const width of [360, 760, 1150])
    for (const across of [1, 3, 8, 40]) {
      const room = roomOf(width, 10_000, across);
      for (const top of [0, room.whole / 2, room.whole - 460]) {
        const [first, last] = seen(room, top, 460);
        assert.ok(last - first <= 56, `${width} ${across}: ${last - first}`);
        assert.ok(last > first && last <= room.count);
      }
    }
});

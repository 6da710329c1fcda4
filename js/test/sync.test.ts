import assert from "node:assert/strict";
import { test } from "node:test";
import {
  exact,
  frameOf,
  leader,
  middle,
  moves,
  signed,
  span,
  steer,
  timeIn,
} from "../src/studio/compare/sync.ts";

const FRAME = 1 / 24;
const near = (one: number, other: number) => assert.ok(Math.abs(one - other) < 1e-9, `${one}, not ${other}`);

test("they last until the last of them is at its end", () => {
  assert.equal(span([]), 0);
  assert.equal(
    span([
      { length: 4, offset: 0 },
      { length: 5, offset: 2 },
    ]),
    4,
  );
  assert.equal(span([{ length: 4, offset: -1 }]), 5);
});

test("one that has no picture of a position stands on its first or last frame", () => {
  const track = { length: 4, offset: 1 };
  near(timeIn(track, 0, FRAME), 1);
  near(timeIn(track, 2.5, FRAME), 3.5);
  near(timeIn(track, 3.5, FRAME), 4 - FRAME / 2);
  near(timeIn({ length: 4, offset: -1 }, 0.5, FRAME), 0);
  assert.deepEqual(
    [-1.1, -1, 0, 2.9, 3].map((position) => moves(track, position, FRAME)),
    [false, true, true, true, false],
  );
});

test("steps go from the middle of a frame to the middle of the next, back and forth", () => {
  near(middle(0, FRAME), FRAME / 2);
  near(middle(FRAME, FRAME), FRAME * 1.5); // at its very beginning
  near(middle(FRAME * 1.999, FRAME), FRAME * 1.5);
  let position = middle(1, FRAME);
  for (let n = 0; n < 200; n++) position = middle(position, FRAME, 1);
  for (let n = 0; n < 200; n++) position = middle(position, FRAME, -1);
  near(position, middle(1, FRAME));
});

test("the one that is heard leads, else the one that plays longest, and none that stands", () => {
  const tracks = [
    { length: 4, offset: 0 },
    { length: 8, offset: 0 },
    { length: 6, offset: 0 },
  ];
  assert.equal(leader(tracks, 1, FRAME), 1);
  assert.equal(leader(tracks, 1, FRAME, 0), 0);
  assert.equal(leader(tracks, 5, FRAME, 0), 1); // it has ended
  assert.equal(leader(tracks, 9, FRAME), -1);
  assert.equal(leader([], 0, FRAME), -1);
});

test("one that is behind plays faster, one ahead slower, and both end up together", () => {
  for (const begin of [-0.25, -0.06, 0.06, 0.25]) {
    let [ahead, rate, time] = [begin, 1, 0];
    for (; Math.abs(ahead) > FRAME / 4 && time < 2; time += 1 / 60) {
      rate = steer(ahead, rate, FRAME) ?? Number.NaN;
      assert.ok(rate >= 0.75 && rate <= 1.25);
      assert.ok(begin > 0 ? rate < 1 : rate > 1);
      ahead += (rate - 1) / 60;
    }
    assert.ok(time < 1.5, `${begin} took ${time}`);
  }
});

test("a small difference is let be, but brought to its end once it was too large", () => {
  assert.equal(steer(0.009, 1, FRAME), 1);
  assert.notEqual(steer(0.009, 0.97, FRAME), 1);
  assert.equal(steer(0.003, 0.97, FRAME), 1);
});

test("one that is far away is not steered", () => {
  assert.equal(steer(0.5, 1, FRAME), undefined);
  assert.equal(steer(-0.5, 1, FRAME), undefined);
});

test("a frame is as long as the shortest time between two, at a whole rate", () => {
  near(frameOf([]), 1 / 24);
  near(frameOf([0.083, 0.042, 0.041, 0]), 1 / 24);
  near(frameOf([0.0333667, 0.0667]), 1 / 30);
  near(frameOf([-3.9, 0.0166, 2]), 1 / 60);
});

test("times and offsets are read to a hundredth of a second", () => {
  assert.deepEqual([0, 1.04, 59.999, 61.5].map(exact), ["0:00.00", "0:01.04", "1:00.00", "1:01.50"]);
  assert.deepEqual([0, 0.25, -1, -1e-9].map(signed), ["+0.00 s", "+0.25 s", "−1.00 s", "+0.00 s"]);
});

// What is said of two videos in the arena, and when it may be.

import assert from "node:assert/strict";
import { test } from "node:test";
import { matchOf, percent } from "../src/studio/match.ts";
import type { Page } from "../src/ui/page.ts";

const VIDEO = { path: "/v.mp4", size: 1, width: 2, height: 2, duration: 1, audio: false };

function arena() {
  const asked: { kind: string; winner?: string; left?: string }[] = [];
  const answers: ((reply: object) => void)[] = [];
  const conversation = {
    ask: (request: { kind: string }) => {
      asked.push(request);
      return new Promise((resolve) => answers.push(resolve));
    },
  };
  const page = { kernel: { conversation }, redraw: () => {} } as unknown as Page;
  const two = (left: string, right: string) => ({
    ok: true,
    left,
    right,
    left_video: VIDEO,
    right_video: VIDEO,
  });
  const answer = async (reply: object) => {
    answers.shift()?.(reply);
    await new Promise(setImmediate);
  };
  return { match: matchOf(page), asked, answer, two };
}

test("what was not seen is not judged, but may be skipped", async (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  const { match, asked, answer, two } = arena();
  void match.next();
  await answer(two("a", "b"));
  assert.deepEqual(
    match.clips.map((clip) => clip.key),
    ["a", "b"],
  );
  void match.judge("left");
  match.seen();
  void match.judge("left"); // the second press of a double one
  assert.equal(asked.length, 1);
  t.mock.timers.tick(500);
  void match.judge("left");
  void match.judge("left"); // one answer is open
  assert.deepEqual(asked.slice(1), [{ kind: "judge", left: "a", right: "b", winner: "left" }]);
  await answer(two("c", "d"));
  assert.equal(match.isSeen, false);
  void match.judge("right");
  assert.equal(asked.length, 2);
  void match.judge("skip");
  assert.deepEqual(asked[2], { kind: "judge", left: "c", right: "d", winner: "skip" });
});

test("a refusal is shown, and the two stay", async () => {
  const { match, answer, two } = arena();
  void match.next();
  await answer(two("a", "b"));
  void match.judge("skip");
  await answer({ ok: false, error: { message: "No.", hint: "", field: null, kind: "" } });
  assert.equal(match.error?.message, "No.");
  assert.equal(match.clips.length, 2);
});

test("a strength is a share of wins against the average", () => {
  assert.deepEqual([0, Math.log(2), -Math.log(3), -800, 800].map(percent), [50, 67, 25, 0, 100]);
});

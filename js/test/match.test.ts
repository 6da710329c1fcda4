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
  const session = { wall: 1 };
  const page = { kernel: { conversation, session }, redraw: () => {} } as unknown as Page;
  const two = (left: string | null, right: string | null, left_to_do = 1) => ({
    ok: true,
    left,
    right,
    left_video: VIDEO,
    right_video: VIDEO,
    done: 0,
    left_to_do,
    ranking: [],
  });
  const answer = async (reply: object) => {
    answers.shift()?.(reply);
    await new Promise(setImmediate);
  };
  return { match: matchOf(page), asked, answer, two, session };
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

const keys = (match: ReturnType<typeof matchOf>) => match.clips.map(({ key }) => key).join("");

test("when it is opened again, it asks anew and shows nothing of before", async () => {
  const { match, asked, answer, two } = arena();
  match.begin();
  await answer(two("a", "b"));
  match.begin();
  assert.equal(match.two, undefined);
  await answer(two("c", "d"));
  assert.equal(keys(match), "cd");
  assert.deepEqual(asked, [{ kind: "arena" }, { kind: "arena" }]);
});

test("what is new in the library is counted, and the two that are shown stay", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { match, asked, answer, two, session } = arena();
  match.begin();
  await answer(two("a", "b", 1));
  match.look();
  assert.equal(asked.length, 1, "nothing is new");
  session.wall = 2;
  match.look();
  match.look();
  assert.equal(asked.length, 2);
  await answer(two("c", "d", 5));
  assert.deepEqual([keys(match), match.two?.left_to_do], ["ab", 5]);
  session.wall = 3;
  match.look();
  assert.equal(asked.length, 2, "not at each change");
  t.mock.timers.tick(2000);
  match.look();
  assert.equal(asked.length, 3);
});

test("what is new takes the place of nothing, and of two that were shown before", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  for (const shown of [null, "a"]) {
    const { match, answer, two, session } = arena();
    match.begin();
    await answer(two(shown, shown && "b", 0));
    session.wall = 2;
    match.look();
    await answer(two("c", "d", 1));
    assert.equal(keys(match), "cd");
  }
});

test("a count that is on its way keeps nobody from judging", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { match, asked, answer, two, session } = arena();
  match.begin();
  await answer(two("a", "b"));
  session.wall = 2;
  match.look();
  void match.judge("skip");
  assert.equal(asked.at(-1)?.kind, "judge");
  await answer(two("x", "y", 9)); // the count's
  assert.equal(match.two?.left_to_do, 1);
  await answer(two("c", "d"));
  assert.equal(keys(match), "cd");
});

test("a strength is a share of wins against the average", () => {
  assert.deepEqual([0, Math.log(2), -Math.log(3), -800, 800].map(percent), [50, 67, 25, 0, 100]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { conditions } from "../src/studio/form/conditions.ts";
import { beyond, left } from "../src/studio/form/limit.ts";
import { read, readings } from "../src/studio/form/read.ts";
import { costs } from "../src/ui/plan.ts";
import { job, state } from "./rows.ts";

const both = { braces: true, lines: true };

test("the cost has the word, the money where a price is known, and nothing that is not known", () => {
  assert.equal(costs(3, 4, 0.4, false), "costs 3 × 4 s ≈ $4.80");
  assert.equal(costs(1, 6, 0.4, false), "costs 6 s ≈ $2.40");
  assert.equal(costs(1, 6, 0.0001, false), "costs 6 s ≈ under $0.01");
  assert.equal(costs(3, 4, null, false), "12 s of video");
  assert.equal(costs(3, 4, 0.4, true), "3 × 4 s, free");
  assert.equal(costs(3, null, 0.4, false), "");
});

test("what is left of a limit", () => {
  assert.equal(left({ seconds: null, dollars: 8.8 }), "$8.80 left");
  assert.equal(left({ seconds: 40.7, dollars: 0 }), "$0.00 and 40 s left");
});

test("a limit forbids what goes over it, and what nobody knows", () => {
  const [row] = state()._models;
  const priced = { ...row, price: 0.4 } as typeof row;
  assert.equal(beyond({ seconds: null, dollars: null }, 99, null, row), "");
  assert.equal(beyond({ seconds: 12, dollars: null }, 3, 4, row), "");
  assert.match(
    beyond({ seconds: 12, dollars: null }, 4, 4, row),
    /12 s of video left; this takes 16 s of video/,
  );
  assert.match(beyond({ seconds: 12, dollars: null }, 1, null, row), /not known/);
  assert.equal(
    beyond({ seconds: null, dollars: 4.8 }, 3, 4, priced),
    "",
    "0.4 × 12 is a little more than 4.8",
  );
  assert.match(beyond({ seconds: null, dollars: 4.7 }, 3, 4, priced), /\$4\.70 left; this takes \$4\.80/);
  assert.match(
    beyond({ seconds: null, dollars: 4.8 }, 1, 4, { ...priced, price: null } as typeof row),
    /not known/,
  );
  assert.match(beyond({ seconds: null, dollars: 4.8 }, 1, 4, undefined), /not known/);
});

test("what a text may stand for", () => {
  assert.deepEqual(readings("A {red|blue} fox"), { braces: true, lines: false });
  assert.deepEqual(readings("A fox\n\nA bear"), { braces: false, lines: true });
  for (const plain of ["", " A fox ", "A {red} fox", "one line\n", "A fox\u00a0"])
    assert.deepEqual(readings(plain), { braces: false, lines: false }, plain);
  assert.equal(readings("A \\{red\\} fox").braces, true, "its backslashes go");
});

test("a text is read as the person wants it", () => {
  assert.deepEqual(read("A {red|blue} fox", both), ["A red fox", "A blue fox"]);
  assert.equal(read("A {red|blue} fox", { braces: false, lines: true }), null);
  assert.equal(read("A fox\nA bear", { braces: true, lines: false }), null);
  assert.deepEqual(read("A fox\nA {red|blue} bear", both), ["A fox", "A red bear", "A blue bear"]);
  const lines = read("A fox\nA {red|blue} \\{bear\\}", { braces: false, lines: true });
  assert.deepEqual(lines, ["A fox", "A {red|blue} \\{bear\\}"], "as it stands");
  assert.equal(read("{a|b}".repeat(8), both), undefined);
});

test("what the jobs have met is said of the service", () => {
  const said = (...rows: Parameters<typeof job>[0][]) => conditions(rows.map(job));
  assert.equal(said(), "");
  assert.equal(said({}), "");
  assert.match(said({ status: "waiting", note: "rate limit: goes on in 12 s" }), /asks for a pause/);
  assert.match(said({ note: "reconnecting: the service answered 502" }), /does not answer/);
  assert.match(said({ status: "waiting", note: "trying again: no connection" }), /does not answer/);
  const broke = { message: "None.", hint: "", field: null, kind: "credits" };
  assert.match(said({ status: "failed", error: broke }), /No credits/);
  assert.equal(
    said({ status: "completed" }, { status: "failed", error: broke }),
    "",
    "since then one was made",
  );
  assert.equal(said({ status: "failed", note: "rate limit: x" }), "", "it is over");
});

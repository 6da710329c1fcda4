import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Conversation } from "../src/kernel/conversation.ts";
import type { JobRow, Payloads, Requests } from "../src/kernel/messages.ts";
import { Rows } from "../src/kernel/rows.ts";
import { KernelState } from "../src/kernel/state.ts";
import { Kernel, turn, type Wire } from "./kernel.ts";
import { changed, first, job } from "./rows.ts";

/** Newest first: `k0` is the newest. */
function jobs(count: number, fields: Partial<JobRow> = {}): JobRow[] {
  return Array.from({ length: count }, (_, n) =>
    job({ key: `k${n}`, started: 1e9 - n, status: "cancelled", ...fields }),
  );
}

const keys = (rows: Rows) => rows.list.map(({ key }) => key);

/** The kernel's answer. */
function page(all: JobRow[], { after, waiting, count }: Requests["rows"]): Payloads["rows"] {
  const from = all.filter(({ status }) => (status === "waiting") === waiting && status !== "cancelled");
  if (waiting) from.reverse();
  const at = after ? from.findIndex(({ key }) => key === after.key) : -1;
  return { rows: from.slice(at + 1, at + 1 + count), more: at + 1 + count < from.length };
}

const lives: AbortController[] = [];
afterEach(() => {
  for (const life of lives.splice(0)) life.abort();
});

function signal(): AbortSignal {
  const life = new AbortController();
  lives.push(life);
  return life.signal;
}

test("what is to be decided stands first, and of what has ended only the newest are here", () => {
  const all = jobs(60);
  for (const [n, status] of [
    [0, "processing"],
    [19, "unconfirmed"],
    [45, "unconfirmed"],
    [50, "failed"],
  ] as const)
    all[n] = job({ ...(all[n] as JobRow), status, undecided: status === "unconfirmed" });
  const rows = new Rows();
  rows.begin({ ...first(all, { open: 4 }), rows: all });
  const rest = Array.from({ length: 19 }, (_, n) => `k${n}`);
  assert.deepEqual(keys(rows), ["k19", "k45", ...rest, "k50"]);
  rows.change(changed(0, [{ ...(all[45] as JobRow), status: "completed", undecided: false, revision: 1 }]));
  assert.deepEqual(keys(rows), ["k19", ...rest, "k45", "k50"], "it stays, now that it was seen");
  rows.change(changed(1, [{ ...(all[50] as JobRow), settled: true, revision: 2 }]));
  rows.change(changed(2, [{ ...(all[19] as JobRow), undecided: false, status: "cancelled", revision: 3 }]));
  assert.equal(rows.list[0]?.key, "k0");
});

test("of ten thousand that wait, the next to be sent are here, and all are counted", () => {
  const rows = new Rows();
  rows.begin(first([]));
  const all = jobs(10_000, { status: "waiting" });
  for (let n = 0; n < all.length; n += 40)
    rows.change(changed(0, all.slice(n, n + 40), { total: all.length, open: 10_000, waiting: 10_000 }));
  assert.equal(rows.waiting, 10_000);
  assert.deepEqual(keys(rows), keys({ list: all.slice(-60) } as Rows));
});

test("rows that started in the same moment have one order, here as in the kernel", () => {
  const rows = new Rows();
  rows.begin(first([]));
  rows.change(changed(0, [job({ key: "a" }), job({ key: "c" }), job({ key: "b" })], { revision: 1 }));
  assert.deepEqual(keys(rows), ["c", "b", "a"]);
});

test("a row is never overtaken by an older word of it", () => {
  const rows = new Rows();
  rows.begin(first([job({ revision: 5, status: "completed" })], { revision: 5 }));
  rows.change(changed(3, [job({ revision: 4, status: "processing" })]));
  assert.equal(rows.list[0]?.status, "completed");
  assert.equal(rows.revision, 5);
});

test("a gap shows until it is filled", () => {
  const rows = new Rows();
  rows.begin(first([], { revision: 2 }));
  rows.change(changed(4, [job({ revision: 5 })], { total: 2 }));
  assert.deepEqual([rows.revision, rows.known, rows.total], [2, 5, 2]);
  rows.change(changed(2, [job({ revision: 3, key: "k2" }), job({ revision: 5 })]));
  assert.deepEqual([rows.revision, rows.known], [5, 5]);
});

test("an older change is not taken in, one that has not ended is", () => {
  const all = jobs(30);
  const rows = new Rows();
  rows.begin(first(all));
  rows.change(changed(0, [{ ...(all[25] as JobRow), revision: 1 }], { total: 30 }));
  assert.equal(rows.list.length, 20);
  rows.change(changed(1, [{ ...(all[25] as JobRow), status: "queued", revision: 2 }], { total: 30 }));
  assert.deepEqual(keys(rows).slice(-1), ["k25"]);
});

test("what the first rows lack of the unfinished is asked for, and of what waits the next", async () => {
  const all = [
    ...jobs(20, { status: "waiting" }),
    ...jobs(150, { status: "processing" }).map((row, n) => job({ ...row, key: `p${n}`, started: 9e8 - n })),
    ...jobs(300, { status: "waiting" }).map((row, n) => job({ ...row, key: `w${n}`, started: 8e8 - n })),
  ];
  const kernel = new Kernel({ _first: first(all, { open: 470, waiting: 320, rows: all.slice(20, 40) }) });
  kernel.handle = (message: Wire) => {
    if (message.kind === "rows") kernel.answer(message, page(all, message));
  };
  const state = new KernelState(kernel, signal(), () => {});
  for (let n = 0; n < 8; n++) await turn();
  assert.equal(state.jobs.length, 150 + 60);
  assert.equal(state.jobs.at(-1)?.key, "w299");
  assert.deepEqual(
    kernel.of("rows").map(({ waiting, after }) => [waiting, after?.key]),
    [
      [false, undefined],
      [true, undefined],
      [false, "p99"],
    ],
  );
});

test("when the next ones have been sent, more of what waits are asked for", async () => {
  const all = jobs(100, { status: "waiting" });
  const kernel = new Kernel({ _first: first(all, { open: 100, waiting: 100, rows: all.slice(-5) }) });
  kernel.handle = (message: Wire) => {
    if (message.kind === "rows") kernel.answer(message, page(all.slice(0, -2), message));
  };
  const state = new KernelState(kernel, signal(), () => {});
  const sent = all.slice(-2).map((row) => job({ ...row, status: "queued", revision: 1 }));
  kernel.set("_changed", changed(0, sent, { total: 100, open: 100, waiting: 98 }));
  await turn();
  assert.equal(kernel.of("rows").length, 1);
  assert.equal(state.jobs.length, 62);
});

test("a change that got lost is asked for, and once", async () => {
  const kernel = new Kernel({ _first: first([job({})]) });
  const state = new KernelState(kernel, signal(), () => {});
  kernel.answer(kernel.sent[0], { now: 0 });
  await turn();
  kernel.set("_changed", changed(1, [job({ key: "k2", revision: 2 })], { total: 2 }));
  kernel.set("_changed", changed(2, [job({ key: "k2", revision: 3, status: "failed" })], { total: 2 }));
  const [, hello, ...rest] = kernel.of("hello");
  assert.deepEqual([hello.rows, rest], [0, []]);
  const missed = [
    job({ revision: 1, status: "completed" }),
    job({ key: "k2", revision: 3, status: "failed" }),
  ];
  kernel.answer(hello, { now: 0, changed: changed(0, missed, { total: 2 }) });
  await turn();
  assert.deepEqual(
    state.jobs.map(({ status }) => status),
    ["failed", "completed"],
  );
  assert.equal(state.rows.revision, 3);
  assert.equal(kernel.of("hello").length, 2);
});

test("an answer that got lost is asked for again, if the kernel is there", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const kernel = new Kernel();
  const conversation = new Conversation(kernel, signal(), 1000);
  const asked = { kind: "rows", after: null, waiting: false, count: 20 } as const;
  const reply = conversation.insist(asked);
  t.mock.timers.tick(1000);
  await turn();
  assert.equal(kernel.of("rows").length, 1, "a busy kernel is waited for");
  for (const hello of kernel.of("hello")) kernel.answer(hello, { now: 0 });
  await turn();
  kernel.answer(kernel.of("hello").at(-1), { now: 0 });
  await turn();
  assert.equal(kernel.of("rows").length, 2);
  kernel.answer(kernel.of("rows")[1], { rows: [], more: false });
  assert.equal((await reply).ok, true);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversation } from "../src/kernel/conversation.ts";
import { type Link, type Progress, Transfer } from "../src/kernel/pull.ts";
import { Kernel, type Wire } from "./kernel.ts";

const MIB = 1024 * 1024;
const FILE = Uint8Array.from({ length: 6 * MIB + 12345 }, (_, n) => (n * 7 + (n >> 13)) & 255);
const PATIENCE = 20; // milliseconds

function answerChunk(kernel: Kernel, message: Wire): void {
  const { offset, length } = message;
  kernel.answer(message, { offset, total: FILE.length }, [new DataView(FILE.buffer, offset, length)]);
}

function begin(kernel: Kernel, patience = PATIENCE) {
  const life = new AbortController();
  const conversation = new Conversation(kernel, life.signal, patience);
  const reports: Progress[] = [];
  const transfer = new Transfer(FILE.length);
  const link: Link = {};
  const report = (progress: Progress) => reports.push(progress);
  const pull = () => transfer.pull(conversation, "k", link, life.signal, report, patience);
  const file = pull().then(() => transfer.blob);
  return { file, reports, life, transfer, link, pull };
}

async function isWhole(blob: Blob): Promise<boolean> {
  return Buffer.from(await blob.arrayBuffer()).equals(FILE);
}

test("a file comes in chunks of 1 MiB, at most 4 in flight on a link that can, and is whole", async () => {
  const kernel = new Kernel();
  let [open, most] = [0, 0];
  kernel.handle = (message) => {
    most = Math.max(most, ++open);
    // The later pieces of each round come first.
    setTimeout(
      () => {
        open--;
        answerChunk(kernel, message);
      },
      5 - ((message.offset / MIB) % 4),
    );
  };
  const { file, reports, link } = begin(kernel, 500);
  const blob = await file;
  assert.ok((link.rate ?? 0) > 4 * MIB);
  assert.ok(await isWhole(blob));
  assert.equal(blob.type, "video/mp4");
  assert.equal(most, 4);
  assert.deepEqual(
    kernel.of("chunk").map(({ offset, length }) => [offset, length]),
    [0, 1, 2, 3, 4, 5, 6].map((n) => [n * MIB, n < 6 ? MIB : 12345]),
  );
  assert.equal(reports.at(-1)?.received, FILE.length);
});

test("a piece that is lost is asked for again, with an id of its own", async () => {
  const kernel = new Kernel();
  let lose = 2;
  kernel.handle = (message) => {
    if (message.kind === "hello") kernel.answer(message, { now: 0 });
    else if (message.offset === MIB && lose > 0) lose--;
    else answerChunk(kernel, message);
  };
  assert.ok(await isWhole(await begin(kernel).file));
  const asked = kernel.of("chunk").filter(({ offset }) => offset === MIB);
  assert.equal(asked.length, 3);
  assert.equal(new Set(asked.map(({ id }) => id)).size, 3);
});

test("a busy kernel is waited for, and not asked twice for a piece", async () => {
  const kernel = new Kernel();
  const queue: Wire[] = [];
  kernel.handle = (message) => queue.push(message);
  const { file, reports } = begin(kernel);
  await new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (kernel.of("hello").length < 5) return;
      clearInterval(look);
      resolve();
    }, 5);
  });
  assert.deepEqual(reports.at(-1), { received: 0, waiting: true });
  assert.equal(kernel.of("chunk").length, 1, "nothing but the first, however long it takes");
  kernel.handle = (message) =>
    message.kind === "hello" ? kernel.answer(message, { now: 0 }) : answerChunk(kernel, message);
  queue.forEach(kernel.handle);
  assert.ok(await isWhole(await file));
  assert.equal(kernel.of("chunk").length, 7);
  assert.equal(reports.at(-1)?.waiting, false);
});

test("a piece that never comes ends it after 8 tries", async () => {
  const kernel = new Kernel();
  kernel.handle = (message) => {
    if (message.kind === "hello") kernel.answer(message, { now: 0 });
    else if (message.offset !== 0) answerChunk(kernel, message);
  };
  await assert.rejects(begin(kernel).file, /does not arrive/);
  assert.equal(kernel.of("chunk").filter(({ offset }) => offset === 0).length, 8);
});

test("what the kernel refuses is said with what to do, and ends the rest", async () => {
  const kernel = new Kernel();
  kernel.handle = (message) => kernel.refuse(message, "The file is gone.");
  await assert.rejects(begin(kernel).file, { message: "The file is gone. Do this." });
  assert.equal(kernel.of("chunk").length, 1);
});

test("a file of another size, or a piece without its bytes, is not taken", async () => {
  for (const [payload, bytes] of [
    [{ total: 5 }, MIB],
    [{ total: FILE.length }, 10],
    [{ total: FILE.length }, undefined],
  ] as const) {
    const kernel = new Kernel();
    kernel.handle = (message) => kernel.answer(message, payload, bytes ? [new Uint8Array(bytes)] : []);
    await assert.rejects(begin(kernel).file, /file/);
  }
});

test("a pull that is ended stops asking, and goes on where it was", async () => {
  const kernel = new Kernel();
  const { file, life, transfer } = begin(kernel);
  kernel.handle = (message) => {
    answerChunk(kernel, message);
    if (message.offset === 2 * MIB) life.abort();
  };
  await file;
  assert.equal(transfer.isWhole, false);
  const asked = kernel.of("chunk").length;
  const received = FILE.length - transfer.missing;
  assert.ok(received >= 3 * MIB);

  const again = new Conversation(kernel, new AbortController().signal);
  kernel.handle = (message) => answerChunk(kernel, message);
  await transfer.pull(again, "k", {}, new AbortController().signal, () => {});
  assert.ok(await isWhole(transfer.blob));
  assert.equal(kernel.of("chunk").length - asked, Math.ceil(transfer.size / MIB) - Math.ceil(received / MIB));
});

test("chunks that come unasked while the kernel is silent end the waiting", async () => {
  const kernel = new Kernel();
  const { file, transfer, life } = begin(kernel);
  for (let offset = 0; offset < FILE.length; offset += MIB) {
    const bytes = FILE.slice(offset, offset + MIB);
    transfer.accept(offset, bytes);
    transfer.accept(offset, bytes);
  }
  assert.ok(await isWhole(await file));
  life.abort();
});

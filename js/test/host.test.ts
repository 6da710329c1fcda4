import assert from "node:assert/strict";
import { test } from "node:test";
import { firstBuffer } from "../src/kernel/host.ts";

const memory = Uint8Array.from([9, 9, 1, 2, 3, 9]).buffer;

for (const [host, buffer] of Object.entries({
  "Jupyter's DataView": new DataView(memory, 2, 3),
  "Colab's Uint8Array": new Uint8Array(memory, 2, 3),
  "an ArrayBuffer": memory.slice(2, 5),
}))
  test(`${host} gives its own bytes, and not those around them`, () => {
    assert.deepEqual([...(firstBuffer([buffer]) ?? [])], [1, 2, 3]);
  });

test("no buffer is no bytes", () => {
  for (const buffers of [undefined, null, [], [undefined]]) assert.equal(firstBuffer(buffers), undefined);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { allBuffers, fileServer } from "../src/kernel/host.ts";

const memory = Uint8Array.from([9, 9, 1, 2, 3, 9]).buffer;

for (const [host, buffer] of Object.entries({
  "Jupyter's DataView": new DataView(memory, 2, 3),
  "Colab's Uint8Array": new Uint8Array(memory, 2, 3),
  "an ArrayBuffer": memory.slice(2, 5),
}))
  test(`${host} gives its own bytes, and not those around them`, () => {
    assert.deepEqual(
      allBuffers([buffer, buffer]).map((one) => [...one]),
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
    );
  });

test("a page's base URL is its file server's, unless it is VS Code's", () => {
  const page = (dataset: object) =>
    Object.assign(globalThis, {
      location: { href: "http://127.0.0.1/" },
      document: { getElementById: () => null, body: { dataset } },
    });
  page({ baseUrl: "/user/me/" });
  assert.equal(fileServer()?.url, "http://127.0.0.1/user/me/files/");
  page({ baseUrl: "https://file+.vscode-resource.vscode-cdn.net/", vscodeThemeKind: "vscode-light" });
  assert.equal(fileServer(), undefined);
});

test("no buffer is no bytes", () => {
  for (const buffers of [undefined, null, [], [undefined]]) assert.deepEqual(allBuffers(buffers), []);
});

// The house's own rules: imports go from ui/ to kernel/ and never back, nowhere in a circle, and a file stays
// short.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";

const SRC = resolve(import.meta.dirname, "../src");
const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((name) =>
  /\.(tsx?|css)$/.test(name),
);
const text = (name: string) => readFileSync(join(SRC, name), "utf8");
const imports = new Map(
  files.map((name) => [
    name,
    [...text(name).matchAll(/(?:from|import|@import) "(\..*?)"/g)].map(([, path]) =>
      relative(SRC, resolve(SRC, dirname(name), path as string)),
    ),
  ]),
);

test("every import is of a file that is there", () => {
  const missing = [...imports].flatMap(([name, paths]) => paths.map((path) => [name, path]));
  assert.ok(missing.length > 40);
  assert.deepEqual(
    missing.filter(([, path]) => !files.includes(path as string)),
    [],
  );
});

test("the kernel's room knows nothing of what one sees", () => {
  const up = [...imports].filter(
    ([name, paths]) => name.startsWith("kernel/") && paths.some((path) => !path.startsWith("kernel/")),
  );
  assert.deepEqual(up, []);
});

test("nothing is imported in a circle, not even for its type", () => {
  const seen = new Set<string>();
  const walk = (name: string, trail: string[]): void => {
    assert.ok(!trail.includes(name), [...trail, name].join(" -> "));
    if (seen.has(name)) return;
    for (const path of imports.get(name) ?? []) walk(path, [...trail, name]);
    seen.add(name);
  };
  for (const name of files) walk(name, []);
});

test("a file has at most 400 lines, a line at most 110 characters", () => {
  for (const name of files) {
    const lines = text(name).split("\n");
    assert.ok(lines.length <= 400, `${name}: ${lines.length} lines`);
    for (const line of lines) assert.ok(line.length <= 110, `${name} has ${line.length} characters: ${line}`);
  }
});

test("what the bundle renames is no message's", () => {
  const [, names] = /const OURS = \[(.*?)\];/s.exec(readFileSync(join(SRC, "../build.mjs"), "utf8")) ?? [];
  const ours = [...(names as string).matchAll(/"(\w+)"/g)].map(([, name]) => name as string);
  assert.ok(ours.length > 10);
  const messages = ["messages", "entries", "grid", "sets", "shapes"]
    .map((name) => text(`kernel/${name}.ts`))
    .join("");
  const said = new Set([...messages.matchAll(/(\w+)\??:/g)].map(([, name]) => name));
  assert.deepEqual(
    ours.filter((name) => said.has(name)),
    [],
  );
});

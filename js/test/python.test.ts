import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { pythonCall, pythonString } from "../src/python.ts";
import { job } from "./rows.ts";

test("a call names every field that the job has", () => {
  assert.equal(
    pythonCall(job({ prompt: 'Say "hi"', take: 2 })),
    'client.generate("Say \\"hi\\"", model="google/veo-3.0", duration=6, aspect_ratio="16:9", take=2)',
  );
  assert.equal(
    pythonCall(job({ duration: null, aspect_ratio: null })),
    'client.generate("A fox", model="google/veo-3.0", take=1)',
  );
});

test("what is invisible, or turns the reading direction, is an escape", () => {
  assert.equal(pythonString("a\u202eb\u200bc\0d\x7f\ud800"), '"a\\u202eb\\u200bc\\x00d\\x7f\\ud800"');
  assert.equal(pythonString("Füchse 🦊 {x} %s"), '"Füchse 🦊 {x} %s"');
});

test("Python reads back what was written", { skip: spawnSync("python3", ["--version"]).status !== 0 }, () => {
  const texts = [
    "\\",
    '"',
    "'",
    "\\n",
    "a\nb\r\n\tc",
    '"""',
    "\0\x01\x1f\x85\u2028",
    "🦊 é ‮",
    "\\N{DASH} {}",
    "",
  ];
  const code = `import json,sys\nprint(json.dumps([${texts.map(pythonString).join(", ")}]))`;
  const run = spawnSync("python3", ["-X", "utf8", "-"], { input: code, encoding: "utf8" });
  assert.equal(run.stderr, "");
  assert.deepEqual(JSON.parse(run.stdout), texts);
});

// Bundles src/ into the one ES module and the one stylesheet that the Python package carries.
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const LIMIT = 40 * 1024; // bytes in all: the source travels with every widget, and is saved in the notebook
const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "runcrate_widget", "static");

// Properties of our own classes that are said often. None is a message's, or the page's (test/house.test.ts).
const OURS = [
  "accept",
  "act",
  "alive",
  "announcement",
  "answered",
  "arrived",
  "begin",
  "beyond",
  "blocked",
  "busy",
  "change",
  "clockOffset",
  "conversation",
  "edits",
  "extend",
  "flush",
  "focused",
  "gone",
  "heard",
  "icon",
  "insist",
  "instance",
  "isOpen",
  "jobError",
  "jobs",
  "keep",
  "kernel",
  "keyless",
  "kids",
  "known",
  "label",
  "link",
  "list",
  "load",
  "loadNewest",
  "loading",
  "look",
  "lossy",
  "missing",
  "onNews",
  "onPush",
  "onSetting",
  "onStages",
  "onValue",
  "opened",
  "page",
  "pause",
  "press",
  "pressWhenSeen",
  "props",
  "question",
  "rate",
  "received",
  "redraw",
  "refs",
  "refused",
  "sending",
  "settings",
  "shown",
  "ticking",
  "transport",
  "unsent",
  "videos",
  "wanted",
  "whole",
  "yes",
];

const options = {
  mangleProps: new RegExp(`^(${OURS.join("|")})$`),
  absWorkingDir: here,
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome123", "firefox120", "safari17.5"], // as far back as CSS nesting and light-dark() go
  tsconfigRaw: {}, // else its `jsx`, which is for the types alone, goes before
  charset: "utf8",
  legalComments: "none",
};
await build({ ...options, entryPoints: { loader: "src/loader.ts" } });
await build({
  ...options,
  entryPoints: { widget: "src/index.tsx" },
  jsx: "transform",
  jsxFactory: "h",
  jsxFragment: "Fragment",
  inject: ["src/ui/dom.ts"], // both come from there, in every file
});

const sizes = await Promise.all(
  ["widget.js", "widget.css", "loader.js"].map(async (name) => (await readFile(join(out, name))).length),
);
const total = sizes.reduce((a, b) => a + b, 0);
console.log(
  `widget.js ${sizes[0]} + widget.css ${sizes[1]} + loader.js ${sizes[2]} = ${total} of ${LIMIT} bytes`,
);
if (total > LIMIT) {
  console.error("The bundle is over its limit.");
  process.exit(1);
}

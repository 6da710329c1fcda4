// Bundles src/ into what the Python package carries: the front end (`widget.js`), the part of it that
// is loaded when it is first used (`studio.txt`, its stylesheet within), and what each widget has to find them.
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { build } from "esbuild";

const FIRST = 40 * 1024; // bytes of what the first sight of the form needs, before it is packed
const LIMIT = 64 * 1024; // bytes in all, as they are sent once a kernel and saved in the notebook
const STUDIO = "src/studio/"; // what is in there is loaded when it is first used
const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "runcrate_widget", "static");

// All that can be seen of ASCII, without what would be escaped somewhere: 91.
const LETTERS = Array.from({ length: 94 }, (_, n) => String.fromCharCode(33 + n)).filter(
  (one) => !'"<\\'.includes(one),
);

// Properties of our own classes that are said often. None is a message's, or the page's (test/house.test.ts).
const OURS = [
  "accept",
  "act",
  "alive",
  "announcement",
  "answered",
  "arrived",
  "attach",
  "beyond",
  "blocked",
  "busy",
  "change",
  "chosen",
  "clips",
  "clockOffset",
  "conversation",
  "desk",
  "edged",
  "edits",
  "entry",
  "extend",
  "extras",
  "firstAt",
  "flung",
  "flush",
  "focused",
  "follow",
  "followers",
  "gone",
  "heard",
  "hovered",
  "icon",
  "insist",
  "instance",
  "isOpen",
  "isWhole",
  "jobError",
  "jobs",
  "keep",
  "kernel",
  "keyless",
  "kids",
  "known",
  "label",
  "lastFrame",
  "late",
  "link",
  "list",
  "load",
  "loading",
  "look",
  "lossy",
  "media",
  "missing",
  "onEnd",
  "onNews",
  "onPush",
  "onSetting",
  "onStages",
  "onValue",
  "opened",
  "page",
  "picturing",
  "playback",
  "playing",
  "press",
  "props",
  "question",
  "rate",
  "recalled",
  "received",
  "redraw",
  "refs",
  "refused",
  "request",
  "scrolled",
  "sending",
  "setLoop",
  "setMuted",
  "settings",
  "shelf",
  "shown",
  "stages",
  "ticking",
  "transport",
  "trouble",
  "unsent",
  "wanted",
  "watched",
  "wrong",
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
  jsx: "transform",
  jsxFactory: "h",
  jsxFragment: "Fragment",
  charset: "utf8",
  legalComments: "none",
};
await build({ ...options, entryPoints: { loader: "src/loader.ts" } });
const inject = ["src/ui/dom.ts"]; // `h` and `Fragment` come from there, in every file
const core = await build({
  ...options,
  inject,
  entryPoints: { widget: "src/index.tsx" },
  define: { STYLE: await style("src/ui/css/index.css") },
  metafile: true,
  mangleCache: {},
});
const plain = await buildStudio();
const widget = await readFile(join(out, "widget.js"));
await build({
  ...options,
  entryPoints: { packed: "src/packed.ts" },
  define: { TEXT: JSON.stringify(packed(widget)) },
});

/** A stylesheet as a literal: it goes with the script whose it is. */
async function style(path) {
  const { outputFiles } = await build({ ...options, write: false, entryPoints: [path] });
  return JSON.stringify(outputFiles[0].text.trim());
}

/** As a text that is sent and saved: deflated, in letters that `src/inflate.ts` reads. */
function packed(script) {
  // Which of them is the shortest differs from text to text.
  const [deflated] = [6, 7, 8, 9]
    .map((memLevel) => deflateRawSync(script, { level: 9, memLevel }))
    .sort((one, other) => one.length - other.length);
  let text = "";
  let [bits, many] = [0, 0];
  for (const byte of [...deflated, 0, 0]) {
    bits |= byte << many;
    many += 8;
    if (many < 13) continue;
    for (const n of [(bits & 8191) % 91, Math.floor((bits & 8191) / 91)]) text += LETTERS[n];
    bits >>= 13;
    many -= 13;
  }
  return `${Math.floor((text.length * 13) / 16) - deflated.length}${text}`;
}

/**
 * A module that exports a function: it is given what it shares with the core, `src/shared.ts`. As text for a
 * trait, deflated. Gives its length before.
 */
async function buildStudio() {
  const shared = new Set(Object.keys(core.metafile.inputs));
  const given = await build({ ...options, write: false, metafile: true, entryPoints: ["src/shared.ts"] });
  const [{ exports }] = Object.values(given.metafile.outputs);
  const fromTheCore = {
    name: "from the core",
    setup({ onResolve, resolve }) {
      onResolve({ filter: /^\./ }, async ({ path, pluginData, ...from }) => {
        if (pluginData === fromTheCore) return undefined;
        const found = await resolve(path, { ...from, pluginData: fromTheCore });
        return shared.has(relative(here, found.path)) ? { path: "core", external: true } : found;
      });
    },
  };
  const common = { ...options, write: false, mangleCache: core.mangleCache };
  const script = await build({
    ...common,
    entryPoints: [`${STUDIO}index.tsx`],
    inject: [`${STUDIO}jsx.ts`],
    plugins: [fromTheCore],
    define: { STYLE: await style(`${STUDIO}css/index.css`) },
  });
  const text = script.outputFiles[0].text
    .replace(/import\{([^}]*)\}from"core";/g, (_, names) => {
      const missing = names.split(",").filter((name) => !exports.includes(name.split(" as ")[0]));
      if (missing.length) throw new Error(`src/shared.ts does not have ${missing}, which the studio needs.`);
      return `const{${names.replaceAll(" as ", ":")}}=core;`;
    })
    .replace(/export\{([^}]*)\};\s*$/, (_, names) => {
      const ours = names.split(",").map((one) => one.split(" as "));
      return `return{${ours.map(([own, name]) => `${name ?? own}:${own}`).join(",")}}`;
    });
  if (/(^|;)(import|export)[{*"]/.test(text))
    throw new Error("studio.js imports or exports in a way that this cannot turn.");
  const whole = `export default core=>{${text}};\n`;
  await writeFile(join(out, "studio.txt"), packed(whole));
  return whole.length;
}

// What a kernel sends once; where there is no Jupyter kernel, widget.js comes as it is.
const sent = ["packed.js", "loader.js", "studio.txt"];
const sizes = await Promise.all(sent.map(async (name) => (await readFile(join(out, name))).length));
const total = sizes.reduce((a, b) => a + b, 0);
const first = widget.length + sizes[1];
console.log(
  `${sent.map((name, n) => `${name} ${sizes[n]}`).join(" + ")} = ${total} of ${LIMIT} bytes\n` +
    `before they are packed: the form ${first} of ${FIRST}, the studio ${plain}`,
);
if (total > LIMIT || first > FIRST) {
  console.error("The bundle is over its limit.");
  process.exit(1);
}

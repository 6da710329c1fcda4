// Bundles src/ into what the Python package carries: the front end (`widget.js`, `widget.css`), the part of it that
// is loaded when it is first used (`studio.js`, its stylesheet within), and what each widget has to find them.
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const FIRST = 40 * 1024; // bytes of what the first sight of the form needs
const LIMIT = 64 * 1024; // bytes in all: sent once a kernel, and saved in the notebook
const STUDIO = "src/studio/"; // what is in there is loaded when it is first used
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
  "attach",
  "beyond",
  "blocked",
  "busy",
  "change",
  "chosen",
  "clockOffset",
  "conversation",
  "desk",
  "edged",
  "edits",
  "entry",
  "extend",
  "flush",
  "focused",
  "gone",
  "heard",
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
  "link",
  "list",
  "load",
  "loading",
  "look",
  "lossy",
  "media",
  "missing",
  "onNews",
  "onPush",
  "onSetting",
  "onStages",
  "onValue",
  "opened",
  "page",
  "playback",
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
  "setLoop",
  "setMuted",
  "settings",
  "shelf",
  "shown",
  "ticking",
  "transport",
  "unsent",
  "wanted",
  "watched",
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
  metafile: true,
  mangleCache: {},
});
await buildStudio();

/** As a module that exports a function: it is given what it shares with the core, `src/shared.ts`. */
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
  const style = await build({ ...common, entryPoints: [`${STUDIO}css/index.css`] });
  const script = await build({
    ...common,
    entryPoints: [`${STUDIO}index.tsx`],
    inject: [`${STUDIO}jsx.ts`],
    plugins: [fromTheCore],
    define: { STYLE: JSON.stringify(style.outputFiles[0].text.trim()) },
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
  await writeFile(join(out, "studio.js"), `export default core=>{${text}};\n`);
}

const names = ["widget.js", "widget.css", "loader.js", "studio.js"];
const sizes = await Promise.all(names.map(async (name) => (await readFile(join(out, name))).length));
const first = sizes[0] + sizes[1] + sizes[2];
const total = first + sizes[3];
console.log(
  `${names.map((name, n) => `${name} ${sizes[n]}`).join(" + ")} = ${total} of ${LIMIT} bytes; ` +
    `${first} of ${FIRST} without the studio`,
);
if (total > LIMIT || first > FIRST) {
  console.error("The bundle is over its limit.");
  process.exit(1);
}

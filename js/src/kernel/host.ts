// What differs between the notebook hosts: JupyterLab, Notebook, VS Code, Colab, marimo.

import type { Traits } from "./messages.ts";

/**
 * The part of anywidget's model that we use. Never `set` or `save_changes`: see DESIGN, "custom messages
 * only".
 */
export interface Model {
  get<N extends keyof Traits>(name: N): Traits[N];
  on(event: string, callback: (...args: never[]) => void): void;
  off(event: string, callback: (...args: never[]) => void): void;
  send(content: object): void;
}

/**
 * The buffers of a message: each is a `DataView` in Jupyter, a `Uint8Array` in Colab, an `ArrayBuffer`
 * elsewhere.
 */
export function allBuffers(buffers: unknown): Uint8Array<ArrayBuffer>[] {
  return Array.from((buffers as ArrayLike<unknown> | null | undefined) ?? []).flatMap((one) => {
    if (one instanceof ArrayBuffer) return new Uint8Array(one);
    // A view may look at a part of a larger buffer.
    if (ArrayBuffer.isView(one))
      return new Uint8Array(one.buffer as ArrayBuffer, one.byteOffset, one.byteLength);
    return [];
  });
}

/**
 * Whether the page is dark. Colours come from the host's own variables; this decides ours where it has none.
 */
export function hostIsDark(): boolean {
  const { body, documentElement: html } = document;
  const vscode = body.dataset.vscodeThemeKind;
  if (vscode) return !vscode.endsWith("light");
  const jupyter = body.dataset.jpThemeLight;
  if (jupyter) return jupyter === "false";
  if (body.classList.contains("notebook_app")) return false; // nbclassic has no dark theme
  for (const element of [body, html]) {
    const theme = element.dataset.theme ?? element.getAttribute("theme"); // Colab: <html theme="dark">
    if (theme === "dark" || element.classList.contains("dark")) return true; // marimo: <body class="dark">
    if (theme === "light" || element.classList.contains("light")) return false;
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Calls `changed` whenever the host may have changed its theme, until `signal` aborts. */
export function watchTheme(changed: () => void, signal: AbortSignal): void {
  const observer = new MutationObserver(changed);
  for (const element of [document.body, document.documentElement])
    observer.observe(element, { attributes: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed, { signal });
  signal.addEventListener("abort", () => observer.disconnect());
}

/** Aborts with `signal`, where the host gives one (anywidget 0.11 and later), or when it is told to. */
export function ending(signal: AbortSignal | undefined): AbortController {
  const controller = new AbortController();
  signal?.addEventListener("abort", () => controller.abort());
  return controller;
}

/** Copies `text`; false where the host's page is not allowed to. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether AAC sound plays here: desktop VS Code cannot decode it. */
export function playsSound(): boolean {
  return document.createElement("video").canPlayType('audio/mp4; codecs="mp4a.40.2"') !== "";
}

/** Whether the person asked for less movement. */
export function prefersStill(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/**
 * Where the page's own server serves the files of its root folder, and that folder; undefined on a page that
 * is not Jupyter's.
 */
export function fileServer(): { url: string; root: string } | undefined {
  const { dataset } = document.body;
  // Voila serves hardly any, and says so on the console. VS Code has a base URL of its own, of no server.
  if (dataset.voila || dataset.vscodeThemeKind) return undefined;
  const config = JSON.parse(document.getElementById("jupyter-config-data")?.textContent || "{}");
  const base: string | undefined = config.baseUrl ?? dataset.baseUrl; // the latter in nbclassic
  return base
    ? { url: new URL(`${base}files/`, location.href).href, root: config.serverRoot ?? "" }
    : undefined;
}

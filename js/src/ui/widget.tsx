// The whole card.

import { hostIsDark } from "../kernel/host.ts";
import { Form } from "./form.tsx";
import type { Later } from "./later.ts";
import { Demo } from "./marks.tsx";
import type { Page } from "./page.ts";
import { Strip } from "./strip.tsx";

declare const STYLE: string; // css/, as the build puts it in

/** `id` is the view's own, for names and ids: two may stand in one page. */
export function Widget({ page, id, later }: { page: Page; id: string; later: Later }) {
  const { demo, form, elsewhere } = page.kernel.session;
  const studio = later.get();
  const dark = hostIsDark() ? " rw-dark" : "";

  // A key that a cell has set since is noticed by the kernel when it is spoken to.
  const ask = () => {
    if (page.kernel.keyless) page.kernel.look();
  };

  // Jupyter's own keys, such as x, which cuts the cell, are for whatever has the focus: it looks for the
  // attribute there before it looks at the card.
  const focused = ({ target }: FocusEvent) => {
    (target as HTMLElement).dataset.lmSuppressShortcuts = "true";
    ask();
  };

  // Notebook shortcuts (Shift+Enter, "d d") are not meant for the host while one types here. JupyterLab
  // listens before we do and wants the attribute, and a press on plain words has to leave the keyboard here:
  // else "x" would cut the cell. Keys with Ctrl or Cmd, such as save and copy, go on to the other hosts.
  const keep = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    const command = event.ctrlKey || event.metaKey;
    const inside = event.target as Element;
    if (command && event.key !== "Enter" && (event.key === "s" || inside.closest("button, a, video"))) {
      // Save and the like: the host hears it as from beside the widget, once.
      event.stopPropagation();
      const again = new KeyboardEvent("keydown", event);
      if (!event.currentTarget.parentElement?.dispatchEvent(again)) event.preventDefault();
    }
    if (command && event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      // Not from a note or a search, and not for as long as the key is held.
      if (!event.repeat && inside.closest(".rw-form")) void page.generate();
    }
    // Where nothing else is done with it: the keys are the notebook's again.
    if (event.key === "Escape" && inside.matches("[tabindex='-1']:not(.rw-aside, .rw-compare)"))
      event.currentTarget.parentElement?.closest<HTMLElement>("[tabindex]")?.focus();
    if (!command || event.key === "Enter") event.stopPropagation();
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: what it hears comes from the controls inside
    <div
      class={`runcrate-widget${dark}`}
      data-lm-suppress-shortcuts="true"
      tabindex={-1}
      onKeyDown={keep}
      onFocusIn={focused}
      onPointerEnter={ask}
    >
      {/* While this is here, what is saved for when it is not need not be seen. */}
      <style>{STYLE}</style>
      <style>{`.rw-saved-${page.kernel.session.saved}{display:none}`}</style>
      <div class="rw-card">
        {demo && form && (
          <p class="rw-strip">
            <Demo /> Videos are made on this machine: no key, no cost.
          </p>
        )}
        {page.kernel.keyless && form && <NoKey page={page} />}
        {form && <Form page={page} id={id} later={later} />}
        <Strip page={page} id={id} later={later} />
        {elsewhere && <p class="rw-empty">{elsewhere}</p>}
        {studio && <style>{studio.style}</style>}
        {studio && <studio.Desk page={page} id={id} />}
        <p class="rw-unseen" aria-live="polite">
          {page.announcement}
        </p>
      </div>
    </div>
  );
}

function NoKey({ page }: { page: Page }) {
  return (
    <section class="rw-notice" aria-label="API key">
      <p>
        <strong>No API key yet.</strong> Set <code>RUNCRATE_API_KEY</code> in the environment before the
        notebook starts, or in a cell:
      </p>
      <pre>{'import os\nfrom getpass import getpass\nos.environ["RUNCRATE_API_KEY"] = getpass()'}</pre>
      <p>Then Generate works.</p>
      <button
        type="button"
        class="rw-button"
        aria-disabled={page.isOpen("demo")}
        onClick={() => page.press("demo")}
      >
        {page.isOpen("demo") ? "Starting the demo…" : "Try the demo (no key, no cost)"}
      </button>
    </section>
  );
}

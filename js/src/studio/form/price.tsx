// What a second of a model costs, where nobody has said so yet.

import type { Page } from "../../ui/page.ts";
import { stateful } from "../../ui/stateful.ts";

const focus = (element: HTMLElement | null) => element?.focus();

interface Props {
  page: Page;
  model: string;
}

export const Price = stateful<Props, string | null>(null, ({ page, model }, typed, set) => {
  if (typed === null)
    return (
      <button type="button" class="rw-link" title="Set what a second costs" onClick={() => set("")}>
        price not set
      </button>
    );
  const price = Number(typed.replace(",", "."));
  const good = typed.trim() !== "" && price >= 0 && price < 1e6;
  const done = async () => {
    if (!good) return;
    set(null);
    page.error = null;
    const reply = await page.request({ kind: "price", model, price });
    if (!reply) page.error = page.jobError("") ?? null;
    page.redraw();
  };
  return (
    <span class="rw-price">
      $
      <input
        ref={focus}
        class="rw-number"
        inputmode="decimal"
        aria-label="Dollars a second"
        value={typed}
        onInput={(event) => set(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") void done();
          else if (event.key === "Escape") set(null);
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      a second
      <button type="button" class="rw-link" aria-disabled={!good} onClick={done}>
        set
      </button>
    </span>
  );
});

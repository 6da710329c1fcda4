// What a press of Generate costs and how long it takes, and the button.

import type { FormProps } from "./field.tsx";
import type { Later } from "./later.ts";
import { costs } from "./plan.ts";
import { timesOf, usually } from "./times.ts";

export function Send({ page, id, later }: FormProps & { later: Later }) {
  const { model, duration } = page.settings;
  const { demo, limit } = page.kernel.session;
  const { videos, blocked, sending } = page;
  const price = page.model?.price ?? null;
  const remains = limit && later.get()?.left(limit);
  const time = usually(timesOf(page, model, duration));
  const Price = price === null && !demo && duration !== null && later.get()?.Price;
  return (
    <div class="rw-send">
      <div class="rw-cost">
        <output title={page.model?.notes} aria-label="Cost">
          {costs(videos, duration, price, demo)}
        </output>
        {Price && ", "}
        {Price && <Price key={model} page={page} model={model} />}
        <small>
          {time}
          {remains && (
            <span class="rw-left">
              {time && " · "}
              {remains}
            </span>
          )}
        </small>
      </div>
      <button
        type="button"
        class="rw-button rw-primary"
        aria-disabled={!!blocked || sending}
        aria-describedby={blocked ? `${id}-blocked` : undefined}
        title={blocked || "Ctrl+Enter"}
        onClick={() => page.generate()}
      >
        {sending ? "sending…" : videos > 1 ? `Generate ${videos}` : "Generate"}
      </button>
    </div>
  );
}

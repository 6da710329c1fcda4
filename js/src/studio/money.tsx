// What was spent: in this session, today, in the library; what is known and what is not; what a model costs.

import type { ModelRow, Payloads } from "../kernel/messages.ts";
import { Action } from "../ui/actions.tsx";
import { Problem } from "../ui/marks.tsx";
import type { Page } from "../ui/page.ts";
import { stateful } from "../ui/stateful.ts";
import { Head } from "./aside.tsx";
import type { Desk } from "./desk.ts";
import { counted, OUTCOMES, type Purse, priceText, purseOf, remainder, sum } from "./purse.ts";

const LEDGER = `widget.client.ledger
widget.client.ledger.reconcile("export.csv")  # the dashboard's`;

const SPANS = [
  ["session", "This session"],
  ["today", "Today"],
  ["library", "This library"],
] as const;

export function Money({ page, desk }: { page: Page; desk: Desk }) {
  const purse = purseOf(page);
  const { session, models } = page.kernel;
  const { sums, error, late } = purse;
  purse.look();
  return (
    <section
      class="rw-aside rw-money"
      aria-label="Money"
      tabindex={-1}
      ref={focus}
      onKeyDown={(event) => event.key === "Escape" && desk.open("stage")}
    >
      <Head desk={desk} title="Money">
        {session.limit && `${remainder(session.limit)} left of the limit`}
      </Head>
      {error && (
        <>
          <Problem error={error} />
          <Action icon="again" onClick={() => purse.count()}>
            Count again
          </Action>
        </>
      )}
      <p class="rw-facts" role="status">
        {late && "A cell is running, or the library does not answer yet."}
        {!late && !sums && !error && "Counting…"}
      </p>
      {sums && <Sums sums={sums} />}
      <p class="rw-heading">
        Prices{" "}
        <span class="rw-quiet">
          dollars a second, {session.demo ? "of the demo, and not remembered" : "remembered in this library"}
        </span>
      </p>
      <ul class="rw-prices">
        {models
          .filter((row) => !row.retired || row.price !== null)
          .map((row) => (
            <Price key={row.id} purse={purse} row={row} />
          ))}
      </ul>
      <p class="rw-heading">
        The same as a table <span class="rw-quiet">in a cell</span>
      </p>
      <pre>{LEDGER}</pre>
    </section>
  );
}

const focus = (section: HTMLElement | null) => section?.focus({ preventScroll: true });

function Sums({ sums }: { sums: Payloads["money"] }) {
  const { demos } = sums.library;
  const told = OUTCOMES.filter(([name]) => name === "paid" || sums.library[name].videos);
  return (
    <>
      <div class="rw-sums">
        {SPANS.map(([span, title]) => (
          <section key={span} aria-label={title}>
            <p class="rw-heading">{title}</p>
            <ul>
              {told.map(
                ([name, word]) =>
                  (name === "paid" || sums[span][name].videos > 0) && (
                    <li key={name}>
                      <span class="rw-quiet">{word}</span>
                      <span>{sum(sums[span][name])}</span>
                      <small>{counted(sums[span][name])}</small>
                    </li>
                  ),
              )}
            </ul>
          </section>
        ))}
      </div>
      <ul class="rw-facts">
        {told.map(([name, word, meaning]) => (
          <li key={name}>
            <b>{word}:</b> {meaning}
          </li>
        ))}
        <li>Each at the price that was set when it was sent; what is billed, the dashboard says.</li>
        {demos > 0 && <li>Of the demo, and free: {demos}.</li>}
      </ul>
    </>
  );
}

/** A model and its price, as a field. */
const Price = stateful<{ purse: Purse; row: ModelRow }, string | null>(null, ({ purse, row }, typed, set) => {
  const wrong = purse.wrong.get(row.id);
  return (
    <li>
      <label>
        <span>{row.name}</span>
        <input
          class="rw-number"
          inputmode="decimal"
          autocomplete="off"
          placeholder="not set"
          value={typed ?? priceText(row.price)}
          aria-invalid={wrong ? true : undefined}
          title={wrong}
          onInput={({ currentTarget }) => set(currentTarget.value)}
          onChange={async ({ currentTarget }) => {
            await purse.price(row.id, currentTarget.value);
            if (!purse.wrong.has(row.id)) set(null);
          }}
        />
      </label>
      {wrong && (
        <p class="rw-problem" role="alert">
          {wrong}
        </p>
      )}
    </li>
  );
});

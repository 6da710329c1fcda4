// What the wall is asked for: words, what is kept, and the rest behind a button.

import type { Order, Query, Status, WallPayload } from "../kernel/messages.ts";
import type { ComponentChildren } from "../ui/dom.ts";
import { Icon, type IconName } from "../ui/icons.tsx";
import { stateful } from "../ui/stateful.ts";
import type { Desk, Mode } from "./desk.ts";
import { dayOf, isPlain, PLAIN } from "./shelf.ts";
import { ARENA, FILTER, MONEY, SEARCH } from "./signs.ts";

const ORDERS: [Order, string][] = [
  ["newest", "Newest"],
  ["oldest", "Oldest"],
  ["rating", "Rating"],
  ["cost", "Cost"],
];
const STATUSES: [Status, string][] = [
  ["completed", "Finished"],
  ["failed", "Failed"],
  ["cancelled", "Cancelled"],
  ["unconfirmed", "Unconfirmed"],
];
const DAY = 86_400; // seconds

interface Props {
  desk: Desk;
  id: string;
}

/** Whether something is asked for that the filter's panel has. */
function isFiltered(query: Query): boolean {
  return !isPlain({ ...query, text: "", kept: null, undecided: false, order: "newest" });
}

/** `16 videos in 14 stacks`: the takes of one request are one. */
function there({ total, stacks }: WallPayload): string {
  const videos = `${total.toLocaleString()} video${total === 1 ? "" : "s"}`;
  return total === stacks ? videos : `${videos} in ${stacks.toLocaleString()} stacks`;
}

/** `whole`: with what only a larger wall needs. */
export const Tools = stateful<Props & { whole: boolean }, boolean>(
  false,
  ({ desk, id, whole }, isOpen, setOpen) => {
    const { shelf } = desk;
    const { query, wall } = shelf;
    const part = (name: string, kept: boolean | null, undecided: boolean) => (
      <label>
        <input
          type="radio"
          name={`${id}-part`}
          checked={query.kept === kept && query.undecided === undecided}
          onChange={() => shelf.ask({ kept, undecided })}
        />
        <span>{name}</span>
      </label>
    );
    return (
      <div class="rw-tools">
        {whole && (
          <label class="rw-search">
            <Icon name={SEARCH} />
            <input
              type="search"
              aria-label="Search"
              maxlength={1000}
              placeholder={wall && `Search ${there(wall)}`}
              title={wall && `Search ${there(wall)}`}
              value={query.text}
              onInput={(event) => shelf.ask({ text: event.currentTarget.value })}
            />
          </label>
        )}
        <Opener desk={desk} mode="arena" icon={ARENA} word="Arena" title="Which is better?" />
        <Opener desk={desk} mode="money" icon={MONEY} word="Costs" title="What it has cost" />
        <fieldset class="rw-choices rw-parts">
          <legend class="rw-unseen">Which videos</legend>
          {part("All", null, false)}
          {part(wall?.kept ? `Kept ${wall.kept}` : "Kept", true, false)}
          {part("Undecided", null, true)}
          {part("Rejected", false, false)}
        </fieldset>
        {whole && (
          <>
            <button
              type="button"
              class={`rw-action rw-small${isFiltered(query) ? " rw-on" : ""}`}
              aria-label="Filter"
              title="Filter: by model, tag, status, rating, day, cost; what is put away or deleted"
              aria-expanded={isOpen}
              aria-controls={`${id}-filter`}
              onClick={() => setOpen(!isOpen)}
            >
              <Icon name={FILTER} />
              <span class="rw-word">Filter</span>
            </button>
            <Pick
              name="Order"
              value={query.order}
              choices={ORDERS}
              onValue={(order) => shelf.ask({ order: order as Order })}
            />
          </>
        )}
        {whole && isOpen && <Filter desk={desk} id={id} close={() => setOpen(false)} />}
      </div>
    );
  },
);

export function Opener({
  desk,
  mode,
  icon,
  word,
  title,
}: {
  desk: Desk;
  mode: Mode;
  icon: IconName;
  word: string;
  title: string;
}) {
  const isShown = desk.mode === mode;
  return (
    <button
      type="button"
      class={`rw-action rw-small${isShown ? " rw-on" : ""}`}
      aria-label={`${word}: ${title}`}
      title={title}
      aria-pressed={isShown}
      onClick={() => desk.open(isShown ? "stage" : mode)}
    >
      <Icon name={icon} />
      <span class="rw-word">{word}</span>
    </button>
  );
}

interface PickProps {
  name: string;
  value: string;
  choices: readonly (readonly [string, string])[];
  onValue: (value: string) => void;
}

function Pick({ name, value, choices, onValue }: PickProps) {
  return (
    <span class={`rw-select rw-pick-${name.toLowerCase()}`}>
      <select aria-label={name} value={value} onChange={(event) => onValue(event.currentTarget.value)}>
        {choices.map(([id, text]) => (
          <option key={id} value={id}>
            {text}
          </option>
        ))}
      </select>
      <Icon name="chevron" />
    </span>
  );
}

function Line({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a legend cannot stand beside what it names
    <div class="rw-row" role="group" aria-label={name}>
      <span aria-hidden="true">{name}</span>
      {children}
    </div>
  );
}

function Filter({ desk, id, close }: Props & { close: () => void }) {
  const { shelf } = desk;
  const { query, wall } = shelf;
  const any = (text: string) => ["", text] as const;
  const day = (name: "since" | "until", text: string, more: number) => (
    <input
      type="date"
      aria-label={text}
      value={query[name] === null ? "" : dayOf((query[name] as number) - more)}
      onChange={({ currentTarget: { value } }) => {
        const [year = 0, month = 1, date = 1] = value.split("-").map(Number);
        const begin = new Date(year, month - 1, date + (more ? 1 : 0)).getTime() / 1000;
        shelf.ask({ [name]: value ? begin : null });
      }}
    />
  );
  const dollars = (name: "cost_from" | "cost_to", text: string) => (
    <input
      type="number"
      min={0}
      step="any"
      aria-label={text}
      value={query[name] ?? ""}
      onInput={({ currentTarget: { value } }) => shelf.ask({ [name]: value ? Number(value) : null })}
    />
  );
  return (
    // biome-ignore lint/a11y/useSemanticElements: it is no form
    <div
      id={`${id}-filter`}
      class="rw-filter"
      role="group"
      aria-label="Filter"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.currentTarget.parentElement?.querySelector<HTMLElement>("[aria-expanded]")?.focus();
        close();
      }}
    >
      <Pick
        name="Model"
        value={query.model ?? ""}
        choices={[
          any("Every model"),
          ...(wall?.models ?? []).map((row) => [row.id, `${row.name} ${row.count}`] as const),
        ]}
        onValue={(model) => shelf.ask({ model: model || null })}
      />
      <Pick
        name="Tag"
        value={query.tag ?? ""}
        choices={[
          any("Any tag, or none"),
          ...(wall?.tags ?? []).map((row) => [row.tag, `${row.tag} ${row.count}`] as const),
        ]}
        onValue={(tag) => shelf.ask({ tag: tag || null })}
      />
      <Pick
        name="Status"
        value={query.status ?? "completed"}
        choices={STATUSES}
        onValue={(status) => shelf.ask({ status: status === "completed" ? null : (status as Status) })}
      />
      <Pick
        name="Rating"
        value={`${query.rating ?? ""}`}
        choices={[
          any("Any rating, or none"),
          ...[1, 2, 3, 4, 5].map((n) => [`${n}`, `★ ${n}${n < 5 ? " or more" : ""}`] as const),
        ]}
        onValue={(rating) => shelf.ask({ rating: Number(rating) || null })}
      />
      <Line name="Made">
        {day("since", "from", 0)}–{day("until", "to", DAY)}
      </Line>
      <Line name="Cost $">
        {dollars("cost_from", "from")}–{dollars("cost_to", "to")}
      </Line>
      <label class="rw-row rw-broad">
        <input
          type="checkbox"
          checked={query.hidden}
          onChange={(event) => shelf.ask({ hidden: event.currentTarget.checked })}
        />
        Show only what is put away or deleted{wall?.put_away ? `: ${wall.put_away}` : ""}
      </label>
      <div class="rw-row">
        <button type="button" class="rw-action" onClick={() => shelf.ask({ ...PLAIN, text: query.text })}>
          Clear
        </button>
        <button
          type="button"
          class="rw-action"
          onClick={({ currentTarget }) => {
            currentTarget.closest(".rw-tools")?.querySelector<HTMLElement>("[aria-expanded]")?.focus();
            close();
          }}
        >
          Close
        </button>
      </div>
    </div>
  );
}

// The controls under the prompt: model, duration, aspect ratio, takes.

import type { ComponentChildren } from "./dom.ts";
import { Field, type FormProps, invalid } from "./field.tsx";
import { Icon } from "./icons.tsx";
import { stateful } from "./stateful.ts";

const MOST_TAKES = 8;

export function ModelPicker({ page, id }: FormProps) {
  const { model } = page.settings;
  const known = page.model;
  return (
    <Field page={page} id={id} name="model">
      <span class="rw-select">
        <select
          aria-label="Model"
          value={model}
          onChange={(event) => page.set("model", event.currentTarget.value)}
          {...invalid(page, id, "model")}
        >
          {!known && <option value={model}>{model || "No model"}</option>}
          {page.kernel.models.map((row) => (
            <option key={row.id} value={row.id} title={row.notes}>
              {row.retired ? `${row.name} (retired)` : row.name}
            </option>
          ))}
        </select>
        <Icon name="chevron" />
      </span>
    </Field>
  );
}

export function Duration({ page, id }: FormProps) {
  const { duration } = page.settings;
  const row = page.model;
  const wrong = invalid(page, id, "duration");
  const [shortest, longest] = row?.durations ?? [];

  if (!row)
    return (
      <Field page={page} id={id} name="duration">
        {/* biome-ignore lint/a11y/noLabelWithoutControl: NumberBox is one */}
        <label class="rw-inline">
          duration
          <NumberBox value={duration} min={1} onValue={(value) => page.set("duration", value)} {...wrong} />s
        </label>
      </Field>
    );

  if (row.continuous)
    return (
      <Field page={page} id={id} name="duration">
        <label class="rw-inline">
          <span class="rw-unseen">Duration</span>
          <input
            type="range"
            class="rw-slider"
            min={shortest}
            max={longest}
            step={1}
            value={duration ?? shortest}
            aria-valuetext={duration === null ? "not set" : `${duration} seconds`}
            onInput={(event) => page.set("duration", event.currentTarget.valueAsNumber)}
            {...wrong}
          />
          <span class="rw-seconds">{duration ?? "–"} s</span>
        </label>
      </Field>
    );

  const last = row.durations.at(-1);
  return (
    <Choices
      page={page}
      id={id}
      name="duration"
      legend="Duration in seconds"
      values={row.durations}
      word={(seconds) => (seconds === last ? `${seconds} s` : seconds)}
    />
  );
}

export function AspectRatio({ page, id }: FormProps) {
  return (
    <Choices
      page={page}
      id={id}
      name="aspect_ratio"
      legend="Aspect ratio"
      values={["16:9", "9:16"] as const}
      word={(ratio) => [<Icon name={ratio} />, ratio]}
    />
  );
}

interface ChoicesProps<V> extends FormProps {
  name: "duration" | "aspect_ratio";
  legend: string;
  values: readonly V[];
  word: (value: V) => ComponentChildren;
}

function Choices<V extends string | number>({ page, id, name, legend, values, word }: ChoicesProps<V>) {
  return (
    <Field page={page} id={id} name={name}>
      <fieldset class="rw-choices" {...invalid(page, id, name)}>
        <legend class="rw-unseen">{legend}</legend>
        {values.map((value) => (
          <label key={value}>
            <input
              type="radio"
              name={`${id}-${name}`}
              value={value}
              checked={value === page.settings[name]}
              onChange={() => page.set(name, value)}
            />
            <span>{word(value)}</span>
          </label>
        ))}
      </fieldset>
    </Field>
  );
}

export function Takes({ page, id }: FormProps) {
  const { takes } = page.settings;
  const set = (value: number | null) => {
    if (value !== null) page.set("takes", Math.min(MOST_TAKES, Math.max(1, value)));
  };
  return (
    <Field page={page} id={id} name="takes">
      <span class="rw-choices rw-stepper" title="How many videos to make of it">
        <button
          type="button"
          aria-label="One fewer"
          aria-disabled={takes <= 1}
          onClick={() => set(takes - 1)}
        >
          −
        </button>
        {/* biome-ignore lint/a11y/noLabelWithoutControl: NumberBox is one */}
        <label>
          <NumberBox
            aria-label="Takes"
            value={takes}
            min={1}
            max={MOST_TAKES}
            onValue={set}
            {...invalid(page, id, "takes")}
          />
          {takes === 1 ? "take" : "takes"}
        </label>
        <button
          type="button"
          aria-label="One more"
          aria-disabled={takes >= MOST_TAKES}
          onClick={() => set(takes + 1)}
        >
          +
        </button>
      </span>
    </Field>
  );
}

interface NumberProps {
  value: number | null;
  min: number;
  max?: number;
  onValue: (value: number | null) => void;
  "aria-label"?: string;
}

/**
 * A whole number. What is typed counts as the nearest that is allowed, at once: the cost beside it is what
 * will be sent.
 */
const NumberBox = stateful<NumberProps, string | null>(null, (props, draft, setDraft) => {
  const { value, min, max = 999, onValue, ...rest } = props;
  const read = (text: string) =>
    text === "" ? null : Math.min(max, Math.max(min, Math.round(Number(text))));
  return (
    <input
      type="number"
      class="rw-number"
      min={min}
      max={max}
      value={draft ?? value ?? ""}
      onInput={({ currentTarget }) => {
        setDraft(currentTarget.value);
        onValue(read(currentTarget.value));
      }}
      onChange={() => setDraft(null)}
      {...rest}
    />
  );
});

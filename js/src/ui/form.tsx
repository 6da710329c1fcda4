// The controls: prompt, model, duration, aspect ratio, takes, Generate.

import { type ErrorRow, type ModelRow, SETTINGS, type Settings } from "../kernel/messages.ts";
import type { ComponentChildren } from "./dom.ts";
import { cost } from "./format.ts";
import { Icon } from "./icons.tsx";
import { Problem } from "./marks.tsx";
import type { Page } from "./page.ts";
import { stateful } from "./stateful.ts";

const MOST_TAKES = 8;

interface Props {
  page: Page;
  id: string;
}

export function Form({ page, id }: Props) {
  const { model, duration, takes } = page.settings;
  const row = page.kernel.models.find((each) => each.id === model);
  const { error, blocked, sending } = page;
  const elsewhere = error && !isShown(error);

  return (
    // biome-ignore lint/a11y/useSemanticElements: a form would send itself on Enter in any field
    <div class="rw-form" role="group" aria-label="New video">
      <Prompt page={page} id={id} />
      <div class="rw-controls">
        <ModelPicker page={page} id={id} />
        <Duration page={page} id={id} row={row} />
        <AspectRatio page={page} id={id} />
        <Takes page={page} id={id} />
        <div class="rw-send">
          <output class="rw-cost" title={row?.notes} aria-label="Cost">
            {cost(duration, takes, (!page.kernel.session.demo && row?.price) || null)}
          </output>
          <button
            type="button"
            class="rw-button rw-primary"
            aria-disabled={!!blocked || sending}
            aria-describedby={blocked ? `${id}-blocked` : undefined}
            title={blocked || "Ctrl+Enter"}
            onClick={() => page.generate()}
          >
            {sending ? "sending…" : "Generate"}
          </button>
        </div>
      </div>
      {blocked && (
        <p id={`${id}-blocked`} class={page.kernel.keyless ? "rw-status" : "rw-unseen"}>
          {blocked}
        </p>
      )}
      {/* Always there, so that a screen reader hears it change. */}
      <p class="rw-status" role="status">
        {page.busy}
      </p>
      {elsewhere && <Problem error={error} id={`${id}-problem`} />}
    </div>
  );
}

function isShown(error: ErrorRow): boolean {
  return (SETTINGS as readonly unknown[]).includes(error.field);
}

/** The attributes that tie a control to what is wrong with it. */
function invalid(page: Page, id: string, name: keyof Settings) {
  const wrong = page.error?.field === name;
  return wrong ? { "aria-invalid": true, "aria-describedby": `${id}-${name}-problem` } : {};
}

function Field(props: Props & { name: keyof Settings; children: ComponentChildren }) {
  const { error } = props.page;
  return (
    <div class={`rw-field rw-field-${props.name}`}>
      {props.children}
      {error?.field === props.name && <Problem error={error} id={`${props.id}-${props.name}-problem`} />}
    </div>
  );
}

function Prompt({ page, id }: Props) {
  const { prompt } = page.settings;
  return (
    <Field page={page} id={id} name="prompt">
      {/* The box grows with its text: the stylesheet lays a copy of it behind. */}
      <div class="rw-grow" data-text={`${prompt} `}>
        <textarea
          class="rw-prompt"
          rows={2}
          aria-label="Prompt"
          placeholder="Describe the video: a fox trotting through fresh snow at dawn, slow tracking shot"
          value={prompt}
          onInput={(event) => page.set("prompt", event.currentTarget.value)}
          onBlur={page.flush}
          {...invalid(page, id, "prompt")}
        />
      </div>
    </Field>
  );
}

function ModelPicker({ page, id }: Props) {
  const { model } = page.settings;
  const known = page.kernel.models.some((row) => row.id === model);
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
              {row.name}
            </option>
          ))}
        </select>
        <Icon name="chevron" />
      </span>
    </Field>
  );
}

function Duration({ page, id, row }: Props & { row: ModelRow | undefined }) {
  const { duration } = page.settings;
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

  return (
    <Field page={page} id={id} name="duration">
      <fieldset class="rw-choices" {...wrong}>
        <legend class="rw-unseen">Duration in seconds</legend>
        {row.durations.map((seconds, index) => (
          <label key={seconds}>
            <input
              type="radio"
              name={`${id}-duration`}
              value={seconds}
              checked={seconds === duration}
              onChange={() => page.set("duration", seconds)}
            />
            <span>
              {seconds}
              {index === row.durations.length - 1 && " s"}
            </span>
          </label>
        ))}
      </fieldset>
    </Field>
  );
}

function AspectRatio({ page, id }: Props) {
  return (
    <Field page={page} id={id} name="aspect_ratio">
      <fieldset class="rw-choices" {...invalid(page, id, "aspect_ratio")}>
        <legend class="rw-unseen">Aspect ratio</legend>
        {(["16:9", "9:16"] as const).map((ratio) => (
          <label key={ratio}>
            <input
              type="radio"
              name={`${id}-aspect_ratio`}
              value={ratio}
              checked={ratio === page.settings.aspect_ratio}
              onChange={() => page.set("aspect_ratio", ratio)}
            />
            <span>
              <Icon name={ratio} />
              {ratio}
            </span>
          </label>
        ))}
      </fieldset>
    </Field>
  );
}

function Takes({ page, id }: Props) {
  return (
    <Field page={page} id={id} name="takes">
      {/* biome-ignore lint/a11y/noLabelWithoutControl: NumberBox is one */}
      <label class="rw-inline" title="How many videos to make of it">
        takes
        <NumberBox
          value={page.settings.takes}
          min={1}
          max={MOST_TAKES}
          onValue={(value) => value !== null && page.set("takes", value)}
          {...invalid(page, id, "takes")}
        />
      </label>
    </Field>
  );
}

interface NumberProps {
  value: number | null;
  min: number;
  max?: number;
  onValue: (value: number | null) => void;
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

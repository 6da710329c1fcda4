// The form: what to make, and what it costs.

import { AspectRatio, Duration, ModelPicker, Takes } from "./controls.tsx";
import { type FormProps, isShown } from "./field.tsx";
import type { Later } from "./later.ts";
import { Problem } from "./marks.tsx";
import { Prompt } from "./prompt.tsx";
import { Send } from "./send.tsx";

export function Form({ page, id, later }: FormProps & { later: Later }) {
  const { error, blocked, busy, model, kernel } = page;
  const elsewhere = error && !isShown(error);
  // What is missing is plain to see where it is the prompt.
  const plain = page.blank && !kernel.keyless;
  const retired = model?.retired && `${model.name} is gone since ${model.retired}: the service refuses it.`;
  const { jobs, keyless } = kernel;
  const first = page.blank && !jobs.length && page.there === 0 && !keyless;
  const Examples = first && later.get()?.Examples;

  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a form would send itself on Enter in any field */}
      <div class="rw-form" role="group" aria-label="New video">
        <Prompt page={page} id={id} later={later} />
        <div class="rw-controls">
          <ModelPicker page={page} id={id} />
          <Duration page={page} id={id} />
          <AspectRatio page={page} id={id} />
          <Takes page={page} id={id} />
          <Send page={page} id={id} later={later} />
        </div>
        {blocked && (
          <p id={`${id}-blocked`} class={plain ? "rw-unseen" : "rw-status"}>
            {blocked}
          </p>
        )}
        {/* Always there, so that a screen reader hears it change. */}
        <p class="rw-status" role="status">
          {busy || (blocked && !plain ? "" : retired || (jobs.length && later.get()?.conditions(jobs)) || "")}
        </p>
        {elsewhere && <Problem error={error} id={`${id}-problem`} />}
      </div>
      {Examples && <Examples page={page} />}
    </>
  );
}

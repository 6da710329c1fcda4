// The prompt as a field: it grows, counts, and takes pictures; the arrow keys bring back earlier ones.

import { Field, type FormProps, invalid } from "./field.tsx";
import type { Later } from "./later.ts";
import { Picture, takeFrom } from "./picture.tsx";

const EMPTY = "Describe the video: what is seen, how the camera moves, the light";

export function Prompt({ page, id, later }: FormProps & { later: Later }) {
  const { prompt } = page.settings;
  const { recalled } = page;
  const PromptSet = page.several ? later.get()?.PromptSet : undefined;
  const characters = [...prompt].length;

  const written = () => {
    page.recalled = { at: 0, count: 0 };
  };
  const keys = (event: KeyboardEvent & { currentTarget: HTMLTextAreaElement }) => {
    const { key, currentTarget: field } = event;
    const back = key === "ArrowUp" && (recalled.at || !field.selectionEnd);
    const by = back ? 1 : key === "ArrowDown" && recalled.at ? -1 : 0;
    if (by && !event.shiftKey) {
      event.preventDefault();
      void page.load().then(({ recall }) => recall(page, by));
    } else if (key !== "Shift") written();
  };

  return (
    <Field page={page} id={id} name="prompt">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a picture may be dropped anywhere on it */}
      <div
        class="rw-box"
        onDragOver={(event) => {
          if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
        }}
        onDrop={(event) => {
          if (takeFrom(page, event.dataTransfer?.files)) event.preventDefault();
          event.stopPropagation();
        }}
        onPaste={(event) => {
          if (takeFrom(page, event.clipboardData?.files)) event.preventDefault();
        }}
      >
        {/* The box grows with its text: the stylesheet lays a copy of it behind. */}
        <div class="rw-grow" data-text={`${prompt || EMPTY} `}>
          <textarea
            class="rw-prompt"
            rows={1}
            dir="auto"
            aria-label="Prompt"
            title={prompt ? undefined : "↑ brings back earlier prompts"}
            placeholder={EMPTY}
            value={prompt}
            onInput={(event) => {
              written();
              page.set("prompt", event.currentTarget.value);
            }}
            onKeyDown={keys}
            onClick={written}
            onBlur={page.flush}
            {...invalid(page, id, "prompt")}
          />
        </div>
        <div class="rw-under">
          <Field page={page} id={id} name="image">
            <Picture page={page} id={id} later={later} />
          </Field>
          <span class="rw-counter">
            {recalled.at ? `earlier prompt ${recalled.at} of ${recalled.count} · ` : ""}
            {characters ? `${characters.toLocaleString("en")} characters` : ""}
          </span>
        </div>
      </div>
      {PromptSet && <PromptSet page={page} id={id} />}
    </Field>
  );
}

// What the prompt stands for: shown before anything is sent.

import type { Reading } from "../../ui/extras.ts";
import type { Page } from "../../ui/page.ts";
import { linesOf, readings } from "./read.ts";

/** `id` is the view's own. */
export function PromptSet({ page, id }: { page: Page; id: string }) {
  const { reading, prompts } = page;
  const text = page.settings.prompt;
  const can = readings(text);
  if (!can.lines && !can.braces) return null;
  const lines = linesOf(text).length;
  const choice = (way: keyof Reading, title: string, words: [string, string]) => (
    <fieldset>
      <legend>{title}</legend>
      {words.map((word, several) => (
        <label key={word}>
          <input
            type="radio"
            name={`${id}-${way}`}
            checked={reading[way] === !!several}
            onChange={() => {
              page.reading = { ...reading, [way]: !!several };
              page.redraw();
            }}
          />
          {word}
        </label>
      ))}
    </fieldset>
  );
  return (
    <div class="rw-set">
      {can.lines && choice("lines", `${lines} lines:`, ["one prompt, as they stand", `${lines} prompts`])}
      {can.braces && choice("braces", "{ | }:", ["sent as it stands", "a prompt for each choice"])}
      {prompts && <strong>{prompts.length > 1 ? `${prompts.length} prompts` : "1 prompt"} to send:</strong>}
      {prompts && (
        <div>
          <ol tabindex={0} aria-label="What is sent">
            {prompts.map((prompt) => (
              <li key={prompt} dir="auto">
                {prompt}
              </li>
            ))}
          </ol>
        </div>
      )}
    </div>
  );
}

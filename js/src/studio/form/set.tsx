// What the prompt stands for: shown before anything is sent.

import type { Reading } from "../../ui/extras.ts";
import type { Page } from "../../ui/page.ts";
import { readings } from "./read.ts";

const WORDS = { braces: "{a|b} gives one each", lines: "one a line" } as const;

export function PromptSet({ page }: { page: Page }) {
  const { reading, prompts } = page;
  const can = readings(page.settings.prompt);
  const ways = (["braces", "lines"] as const).filter((way) => can[way]);
  if (!ways.length) return null;
  return (
    <div class="rw-set">
      {prompts && <strong>{prompts.length > 1 ? `${prompts.length} prompts` : "1 prompt"}</strong>}
      {ways.map((way) => (
        <label key={way}>
          <input
            type="checkbox"
            checked={reading[way]}
            onChange={() => {
              page.reading = { ...reading, [way]: !reading[way] } as Reading;
              page.redraw();
            }}
          />
          {WORDS[way]}
        </label>
      ))}
      {prompts && (
        <ol tabindex={0} aria-label="What is sent">
          {prompts.map((prompt) => (
            <li key={prompt} dir="auto">
              {prompt}
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}

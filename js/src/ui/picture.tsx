// The start picture, in the prompt's field.

import { type FormProps, invalid } from "./field.tsx";
import { Icon } from "./icons.tsx";
import type { Page } from "./page.ts";

/** Takes the picture out of what was dropped or pasted; false: there is none. */
export function takeFrom(page: Page, data: DataTransfer | null): boolean {
  const file = [...(data?.files ?? [])].find(({ type }) => type.startsWith("image/"));
  if (!file || page.model?.image === false) return false;
  void page.start.take(file, file.name);
  return true;
}

export function Picture({ page, id }: FormProps) {
  const { start } = page;
  const { image } = page.settings;
  start.follow(image);
  if (image || start.busy)
    return (
      <span class="rw-start" aria-busy={start.busy}>
        {start.url && <img src={start.url} alt="" />}
        <span>starts from {start.name}</span>
        <button
          type="button"
          class="rw-action"
          aria-label="Remove the start picture"
          onClick={() => start.drop()}
          {...invalid(page, id, "image")}
        >
          <Icon name="close" />
        </button>
      </span>
    );
  if (page.model?.image === false) return <span />;
  return (
    <label class="rw-action rw-start">
      <Icon name="picture" />
      Start picture
      <input
        type="file"
        class="rw-unseen"
        accept="image/*"
        title="A picture that the video begins with: chosen, dropped or pasted here"
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? [];
          currentTarget.value = "";
          if (file) void start.take(file, file.name);
        }}
        {...invalid(page, id, "image")}
      />
    </label>
  );
}

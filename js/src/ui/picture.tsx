// The start picture, in the prompt's field.

import { type FormProps, invalid } from "./field.tsx";
import { Icon } from "./icons.tsx";
import type { Later } from "./later.ts";
import type { Page } from "./page.ts";

/** Takes the picture out of what was chosen, dropped or pasted; false: there is none. */
export function takeFrom(page: Page, files: FileList | undefined | null): boolean {
  const file = [...(files ?? [])].find(({ type }) => type.startsWith("image/"));
  if (!file || page.model?.image === false) return false;
  void page.load().then(({ take }) => take(page, file, file.name));
  return true;
}

export function Picture({ page, id, later }: FormProps & { later: Later }) {
  if (page.settings.image || page.picturing) {
    const Start = later.get()?.Start;
    return Start && <Start page={page} id={id} />;
  }
  if (page.model?.image === false) return null;
  return (
    <label class="rw-action rw-start">
      <input
        type="file"
        class="rw-unseen"
        accept="image/*"
        title="A picture that the video begins with: chosen, dropped or pasted here"
        onChange={({ currentTarget }) => {
          takeFrom(page, currentTarget.files);
          currentTarget.value = "";
        }}
        {...invalid(page, id, "image")}
      />
      <span>
        <Icon name="picture" /> Start picture
      </span>
    </label>
  );
}

// What a person makes of the video: kept or not, how good, some words, tags.

import type { EntryRow } from "../kernel/messages.ts";
import { Icon } from "../ui/icons.tsx";
import { stateful } from "../ui/stateful.ts";
import { choose, keep, rate, settingsOf } from "./choices.ts";
import type { Desk } from "./desk.ts";
import { CROSS, PLUS, STAR } from "./paths.ts";
import { Press } from "./press.tsx";

interface Props {
  desk: Desk;
  entry: EntryRow;
}

const LONGEST_NOTE = 2000; // characters

export function Choice({ desk, entry }: Props) {
  const { kept, rating } = entry;
  return (
    <div class="rw-choice">
      <div class="rw-verdict">
        <Press edged icon="done" on={kept === true} title="Keep (k)" onClick={() => keep(desk, entry, true)}>
          {kept ? "Kept" : "Keep"}
        </Press>
        <Press
          edged
          icon={CROSS}
          on={kept === false}
          title="Reject (x)"
          onClick={() => keep(desk, entry, false)}
        >
          {kept === false ? "Rejected" : "Reject"}
        </Press>
        <fieldset class="rw-stars" aria-label="Rating">
          {[1, 2, 3, 4, 5].map((n) => (
            <button
              key={n}
              type="button"
              class={n <= (rating ?? 0) ? "rw-lit" : undefined}
              aria-label={`${n} of 5`}
              title={`${n} of 5 (${n})`}
              aria-pressed={n === rating}
              onClick={() => rate(desk, entry, n)}
            >
              <Icon name={STAR} />
            </button>
          ))}
        </fieldset>
      </div>
      <div class="rw-remarks">
        <Remark desk={desk} entry={entry} />
        <Tags desk={desk} entry={entry} />
      </div>
    </div>
  );
}

const focus = (element: HTMLElement | null) => element?.focus();
const CLOSED = "closed";
const DONE = "done"; // closed by the keyboard, which then is where it was

type Writing = typeof CLOSED | typeof DONE | { note: string };

const Remark = stateful<Props, Writing>(CLOSED, ({ desk, entry }, state, set) => {
  if (typeof state === "object") {
    const write = (note: string) => {
      set(DONE);
      if (note.trim() !== state.note) void choose(desk, [entry.key], { note: note.trim() });
    };
    return (
      <textarea
        ref={focus}
        class="rw-remark"
        rows="2"
        maxlength={LONGEST_NOTE}
        aria-label="Note"
        value={undefined}
        onBlur={({ currentTarget }) => write(currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.value = state.note;
          else if (event.key !== "Enter" || event.shiftKey) return;
          event.preventDefault();
          event.currentTarget.blur();
        }}
      >
        {state.note}
      </textarea>
    );
  }
  // What is here may be its beginning alone.
  const open = async () => {
    const note = entry.note && (await settingsOf(desk, entry, true))?.note;
    if (note !== undefined) set({ note });
  };
  return entry.note ? (
    <button
      type="button"
      class="rw-remark"
      title="Change the note"
      dir="auto"
      onClick={open}
      ref={state === DONE ? focus : null}
    >
      {entry.note}
    </button>
  ) : (
    <button type="button" class="rw-action rw-faint" onClick={open} ref={state === DONE ? focus : null}>
      <Icon name={PLUS} />
      note
    </button>
  );
});

const Tags = stateful<Props, typeof CLOSED | "open" | typeof DONE>(CLOSED, ({ desk, entry }, state, set) => {
  const { key, tags } = entry;
  const add = (text: string) => {
    const add_tags = text.split(",").flatMap((tag) => tag.trim() || []);
    if (add_tags.length)
      void choose(desk, [key], { add_tags }, { tags: [...new Set([...tags, ...add_tags])] });
  };
  // Another view may have given it more than this one has seen.
  const remove = (tag: string) =>
    choose(desk, [key], { remove_tags: [tag] }, { tags: tags.filter((one) => one !== tag) });
  return (
    <>
      {tags.map((tag) => (
        <span class="rw-tag" key={`t${tag}`}>
          <bdi>{tag}</bdi>
          <button type="button" aria-label={`Remove the tag ${tag}`} onClick={() => remove(tag)}>
            <Icon name={CROSS} />
          </button>
        </span>
      ))}
      {state === "open" ? (
        <input
          ref={focus}
          class="rw-tag"
          size="10"
          maxlength="60"
          aria-label="New tag"
          placeholder="a tag"
          onBlur={({ currentTarget }) => {
            add(currentTarget.value);
            set(CLOSED);
          }}
          onKeyDown={(event) => {
            const { currentTarget } = event;
            if (event.key === "Enter" && currentTarget.value.trim()) {
              add(currentTarget.value);
              currentTarget.value = ""; // and one more, if one likes
            } else if (event.key === "Escape" || event.key === "Enter") {
              event.preventDefault();
              currentTarget.value = "";
              set(DONE);
            }
          }}
        />
      ) : (
        <button
          type="button"
          class="rw-action rw-faint"
          ref={state === DONE ? focus : null}
          onClick={() => set("open")}
        >
          <Icon name={PLUS} />
          tag
        </button>
      )}
    </>
  );
});

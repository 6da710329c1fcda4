// What can be done with the video in the player.

import type { EntryRow } from "../kernel/messages.ts";
import { Confirmed, Copy } from "../ui/actions.tsx";
import { Icon } from "../ui/icons.tsx";
import { stateful } from "../ui/stateful.ts";
import { bin, choose, restore, settingsOf } from "./choices.ts";
import { type Desk, MOST_COMPARED } from "./desk.ts";
import { use as useSettings } from "./form/use.ts";
import { mediaOf } from "./media.ts";
import { AWAY, BIN, DOTS, EXTEND, PENCIL, PLUS, USE } from "./paths.ts";
import type { Playback } from "./playback.ts";
import { Press } from "./press.tsx";

interface Props {
  desk: Desk;
  entry: EntryRow;
  playback: Playback;
}

export const Steps = stateful<Props, boolean>(false, ({ desk, entry, playback }, rest, set) => {
  const { page } = desk;
  const { key, video, hidden, binned } = entry;
  const media = mediaOf(page);
  const load = media.get(key);
  const ready = video && load?.state === "ready" ? load : undefined;
  const name = video?.path.split(/[\\/]/).pop();
  const use = async (from: HTMLElement, vary: boolean) => {
    const settings = await settingsOf(desk, entry);
    if (!settings) return;
    useSettings(page, settings);
    if (vary) write(from);
  };
  // Its URL may have expired; and a link to another server would lead away from the notebook.
  const save = async (event: Event) => {
    event.preventDefault();
    const url = await media.signed(key);
    if (url) open(url);
  };
  const extend = async () => {
    const frame = await playback.lastFrame();
    if (frame) await page.extend(key, frame.at, frame.jpeg);
  };
  return (
    <div class={`rw-last ${rest ? "rw-all" : ""}`}>
      {page.kernel.session.form && (
        <div class="rw-main">
          <Press edged icon={USE} onClick={({ currentTarget }) => use(currentTarget, false)}>
            Use these settings
          </Press>
          <Press
            edged
            icon={PENCIL}
            title="Its settings, and the prompt to change"
            onClick={({ currentTarget }) => use(currentTarget, true)}
          >
            Vary
          </Press>
          {video && (
            <Press edged icon={EXTEND} title="Begin with its last frame" off={!ready} onClick={extend}>
              Extend
            </Press>
          )}
        </div>
      )}
      <div class="rw-also">
        {ready && (
          <a
            class="rw-action"
            href={ready.url}
            download={name}
            title={`Save ${name}`}
            onClick={(event) => ready.since && save(event)}
          >
            <Icon name="save" />
            Save
          </a>
        )}
        {video && (
          <Copy icon="path" label="Path" title={`Copy: ${video.path}`} busy={false} text={() => video.path} />
        )}
        <Copy
          icon="code"
          label="Code"
          title="Copy the Python call that gives it"
          busy={page.isOpen("code", key)}
          text={async () => (await page.act("code", key))?.code}
        />
        {video && <Compare desk={desk} entry={entry} />}
        {hidden || binned ? (
          <Press icon={USE} onClick={() => restore(desk, [key])}>
            Restore
          </Press>
        ) : (
          <>
            <Press icon={AWAY} more="rw-rare" onClick={() => choose(desk, [key], { hidden: true })}>
              Put away
            </Press>
            <span class="rw-rare">
              <Confirmed
                icon={BIN}
                question="Its file goes to the library’s bin. Delete?"
                yes="Yes, delete"
                onClick={() => bin(desk, [key])}
              >
                Delete
              </Confirmed>
            </span>
            <Press icon={DOTS} name="More" more="rw-dots" on={rest} onClick={() => set(!rest)} />
          </>
        )}
      </div>
    </div>
  );
});

function Compare({ desk, entry: { key } }: { desk: Desk; entry: EntryRow }) {
  const chosen = desk.chosen.includes(key);
  const full = !chosen && desk.chosen.length >= MOST_COMPARED;
  return (
    <Press
      icon={PLUS}
      on={chosen}
      off={full}
      title={full ? `${MOST_COMPARED} are chosen: no more fit` : "Compare with others"}
      onClick={() => desk.choose(key)}
    >
      {chosen ? "In the comparison" : "Add to compare"}
    </Press>
  );
}

/** The cursor goes to the end of the prompt. */
function write(from: HTMLElement): void {
  const field = from.closest(".runcrate-widget")?.querySelector("textarea");
  field?.focus();
  field?.setSelectionRange(field.value.length, field.value.length);
}

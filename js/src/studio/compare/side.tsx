// One of the videos that are compared: its picture, and under it what it is and what is thought of it.

import type { EntryRow } from "../../kernel/messages.ts";
import { Problem } from "../../ui/marks.tsx";
import { keep, refusal } from "../choices.ts";
import type { Desk } from "../desk.ts";
import { mediaOf } from "../media.ts";
import { CROSS, SOUND } from "../paths.ts";
import { Message } from "../player.tsx";
import { Press } from "../press.tsx";
import type { Part } from "./deck.ts";
import type { Name } from "./name.ts";
import { signed } from "./sync.ts";

interface Props {
  desk: Desk;
  entry: EntryRow;
  part: Part;
  number: number;
  current: boolean; // the keys are about it
  heard: boolean;
  name: Name | undefined; // undefined: what it is, is hidden
  prompt: string;
  shift: (frames: number) => void;
  hear: () => void;
  focus: () => void;
  press: () => void; // on the picture
}

export function Side(props: Props) {
  const { desk, entry, part, number, name, prompt, shift } = props;
  const media = mediaOf(desk.page);
  const { kept, video } = entry;
  const loading = media.get(entry.key);
  if (video && !loading) media.load(entry);
  const error = refusal(desk, entry.key);
  const offset = signed(part.offset);
  const label = name?.own || `Video ${number}`;
  return (
    <figure data-key={entry.key} onFocusIn={props.focus}>
      <div class="rw-pane">
        {video && loading?.state === "ready" ? (
          // biome-ignore lint/a11y/useMediaCaption: there are no captions to show
          <video
            class="rw-frame"
            ref={part.ref}
            src={loading.url}
            preload="auto"
            playsinline
            aria-label={label}
            onClick={props.press}
            onError={({ currentTarget }) => media.refused(entry, currentTarget)}
          />
        ) : (
          <div class="rw-frame">
            <Message page={desk.page} entry={entry} loading={loading} />
          </div>
        )}
        <span class={`rw-badge${props.current ? " rw-current" : ""}`}>{number}</span>
      </div>
      <figcaption>
        <span class="rw-cut" title={name && entry.prompt}>
          <b>{label}</b>
          <span class="rw-faint">{name?.common}</span>
        </span>
        <span class="rw-does">
          <Press
            icon="done"
            name={`Keep ${number}`}
            on={kept === true}
            onClick={() => keep(desk, entry, true)}
          />
          <Press
            icon={CROSS}
            name={`Reject ${number}`}
            on={kept === false}
            onClick={() => keep(desk, entry, false)}
          />
          {video?.audio && (
            <Press icon={SOUND} name={`Sound of ${number}`} on={props.heard} onClick={props.hear} />
          )}
          <i />
          <Press icon="M9.5 5L6.5 8l3 3" name={`${number}: a frame earlier`} onClick={() => shift(-1)} />
          <button
            type="button"
            class="rw-action rw-faint"
            title="How far it is ahead. Press to put it back"
            aria-label={`Offset of ${number}: ${offset}. Put it back`}
            onClick={() => shift(0)}
          >
            {offset}
          </button>
          <Press icon="M6.5 5l3 3-3 3" name={`${number}: a frame later`} onClick={() => shift(1)} />
        </span>
        {prompt && <p>{prompt}</p>}
        {error && <Problem error={error} />}
      </figcaption>
    </figure>
  );
}

// One of the videos that are compared: its picture, and under it what it is and what is thought of it.

import type { EntryRow, JobRow } from "../../kernel/messages.ts";
import { Action } from "../../ui/actions.tsx";
import { progress, size } from "../../ui/format.ts";
import type { Page } from "../../ui/page.ts";
import type { Part } from "./deck.ts";
import { signed } from "./sync.ts";
import { Tool } from "./transport.tsx";

interface Props {
  page: Page;
  entry: EntryRow;
  part: Part;
  number: number;
  current: boolean;
  name: string; // "": what it is, is hidden
  prompts: boolean;
  shift: (frames: number) => void;
  judge: (kept: boolean) => void;
  focus: () => void;
  press: () => void; // on the picture
}

type PictureProps = Pick<Props, "page" | "entry" | "part" | "press"> & { label: string };

export function Side({
  page,
  entry,
  part,
  number,
  current,
  name,
  prompts,
  shift,
  judge,
  focus,
  press,
}: Props) {
  const label = name || `Video ${number}`;
  return (
    <figure class={`rw-side${current ? " rw-current" : ""}`} data-key={entry.key} onFocusIn={focus}>
      <div class="rw-pane">
        <Picture page={page} entry={entry} part={part} label={label} press={press} />
        <span class="rw-number">{number}</span>
      </div>
      <figcaption>
        <b class="rw-cut">{label}</b>
        <span class="rw-facts rw-cut">
          {name && `${entry.model_name} · ${entry.duration ?? Math.round(part.length)} s`}
        </span>
        <span class="rw-verdict">
          <Tool
            d="M3 8.5l3.2 3.2L13 4.8"
            label={`Keep ${number}`}
            hint="k"
            on={entry.kept === true}
            onClick={() => judge(true)}
          />
          <Tool
            d="M4 4l8 8M12 4l-8 8"
            label={`Reject ${number}`}
            hint="x"
            on={entry.kept === false}
            onClick={() => judge(false)}
          />
        </span>
        <span class="rw-offset">
          <Tool
            d="M9.5 5L6.5 8l3 3"
            label={`${number}: one frame earlier`}
            hint="["
            onClick={() => shift(-1)}
          />
          <button
            type="button"
            class="rw-tool"
            title="How far it is ahead of the others. Press to put it back"
            aria-label={`Offset of ${number}: ${signed(part.offset)}. Put it back`}
            onClick={() => shift(0)}
          >
            {signed(part.offset)}
          </button>
          <Tool d="M6.5 5l3 3-3 3" label={`${number}: one frame later`} hint="]" onClick={() => shift(1)} />
        </span>
        {prompts && <p class="rw-words">{entry.prompt}</p>}
      </figcaption>
    </figure>
  );
}

function Picture({ page, entry, part, label, press }: PictureProps) {
  const { media } = page.kernel;
  const { video } = entry;
  const job = entry as unknown as JobRow; // of which `media` reads what both have: the key and the video
  if (!video) return <p role="alert">Its file is not in its place.</p>;
  const loading = media.get(entry.key);
  if (!loading) media.load(job);
  if (loading?.state === "ready")
    return (
      // biome-ignore lint/a11y/useMediaCaption: there are no captions to show
      <video
        ref={part.ref}
        src={loading.url}
        preload="auto"
        playsinline
        aria-label={label}
        onClick={press}
        onError={() => media.refused(job)}
      />
    );
  if (loading?.state === "broken")
    return <p role="alert">This notebook's browser cannot play the video. The file is at {video.path}</p>;
  if (loading?.state === "failed" || loading?.state === "asking")
    return (
      <p role="alert">
        {loading.state === "failed" && loading.message}
        <Action icon="save" onClick={() => media.load(job)}>
          {loading.state === "failed" ? "Try again" : `Load ${size(video.size)}`}
        </Action>
      </p>
    );
  return (
    <p role="status">
      {loading?.state === "loading" ? progress(loading.received, video.size) : size(video.size)}
    </p>
  );
}

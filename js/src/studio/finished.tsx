// A finished job: the player beside its facts.

import type { JobRow, VideoRow } from "../kernel/messages.ts";
import { Copy } from "../ui/actions.tsx";
import { clock, facts, size } from "../ui/format.ts";
import { Icon } from "../ui/icons.tsx";
import { Demo, Problem, Title } from "../ui/marks.tsx";
import type { Page } from "../ui/page.ts";
import { stateful } from "../ui/stateful.ts";
import { Player } from "./player.tsx";

interface Props {
  page: Page;
  job: JobRow;
  video: VideoRow;
  newest: boolean;
}

export const Finished = stateful<Props, boolean>(false, (props, pressed, setPressed) => {
  const { page, job, video, newest } = props;
  const loading = page.kernel.media.get(job.key);
  const poster = page.kernel.media.poster(job);
  const error = page.jobError(job.key);
  const load = () => {
    setPressed(true);
    page.kernel.media.load(job);
  };
  const name = video.path.split(/[\\/]/).pop();
  const tall = video.height > video.width ? " rw-tall" : "";
  return (
    <li class={`rw-job rw-completed ${loading ? "rw-open" : "rw-closed"}${tall}`} data-key={job.key}>
      {loading ? (
        <Player
          page={page}
          job={job}
          video={video}
          loading={loading}
          poster={poster}
          begin={newest || pressed}
          load={load}
        />
      ) : (
        <button
          type="button"
          class="rw-thumb"
          aria-label={`Play ${job.prompt}, ${size(video.size)}`}
          onClick={load}
        >
          {poster && <img src={poster} alt="" />}
          <Icon name="play" />
        </button>
      )}
      <div class="rw-body">
        <Title job={job} />
        <p class="rw-facts">
          {job.demo && <Demo />} {facts(job)}
          {loading ? <br /> : " · "}
          {job.made !== null && `made in ${clock(job.made)} · `}
          {size(video.size)}
        </p>
        <div class="rw-actions">
          {loading?.state === "ready" && (
            <a class="rw-action" href={loading.url} download={name} title={`Save ${name}`}>
              <Icon name="save" />
              save
            </a>
          )}
          <Copy icon="path" label="path" title={`Copy: ${video.path}`} busy={false} text={() => video.path} />
          <Copy
            icon="code"
            label="code"
            title="Copy the Python call that gives this video"
            busy={page.isOpen("code", job.key)}
            text={async () => (await page.act("code", job.key))?.code}
          />
        </div>
        {error && <Problem error={error} />}
      </div>
    </li>
  );
});

// The arena: two videos of one prompt without their models' names, which is better, and what follows for
// the models.

import { prefersStill } from "../kernel/host.ts";
import type { JobRow, RankingRow } from "../kernel/messages.ts";
import { Action } from "../ui/actions.tsx";
import { progress, size } from "../ui/format.ts";
import { Problem } from "../ui/marks.tsx";
import type { Page } from "../ui/page.ts";
import { Head } from "./aside.tsx";
import type { Desk } from "./desk.ts";
import { type Clip, KEYS, type Match, matchOf, percent, type Winner } from "./match.ts";
import { mediaOf } from "./media.ts";
import { mute } from "./mute.ts";

interface Props {
  page: Page;
  desk: Desk;
}

export function Arena({ page, desk }: Props) {
  const match = matchOf(page);
  const { two, error } = match;
  match.look();
  const press = (event: KeyboardEvent) => {
    const winner = KEYS[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || (event.target as Element).localName === "video")
      return;
    if (event.key === "Escape") desk.open("stage");
    else if (winner && !event.repeat) void match.judge(winner);
    else return;
    event.preventDefault();
  };
  return (
    <section class="rw-aside rw-arena" aria-label="Arena" tabindex={-1} ref={begins(match)} onKeyDown={press}>
      <Head desk={desk} title="Which is better?">
        {two && `${two.done} compared between models · ${left(two.left_to_do)}`}
      </Head>
      {two && (match.clips.length ? <Two match={match} page={page} /> : <Nothing />)}
      {error && (
        <>
          <Problem error={error} />
          <Action icon="again" onClick={() => match.next()}>
            Show two
          </Action>
        </>
      )}
      <p class="rw-facts" role="status">
        {match.late && "A cell is running, or the library does not answer yet."}
      </p>
      {two && <Ranking rows={two.ranking} />}
    </section>
  );
}

const mounted = new WeakMap<Match, (section: HTMLElement | null) => void>();

/** The reference of the arena: when it opens, two are asked for, and the keys are its own. */
function begins(match: Match): (section: HTMLElement | null) => void {
  const known = mounted.get(match);
  if (known) return known;
  const begin = (section: HTMLElement | null) => {
    section?.focus({ preventScroll: true });
    if (section) match.begin();
  };
  mounted.set(match, begin);
  return begin;
}

function left(pairs: number): string {
  return pairs ? `${pairs} ${pairs > 1 ? "pairs" : "pair"} left` : "every pair was shown, they come again";
}

function Nothing() {
  return (
    <p class="rw-facts">
      There is nothing to compare yet: it takes the same prompt, in the same shape, made with two models.
    </p>
  );
}

function Two({ match, page }: { match: Match; page: Page }) {
  const clips = match.clips;
  const waits = match.open || !match.isSeen;
  const say = (winner: Winner, text: string, key: string, inactive = waits) => (
    <button
      type="button"
      class="rw-button"
      aria-disabled={inactive}
      aria-keyshortcuts={key}
      onClick={() => match.judge(winner)}
    >
      {text}
    </button>
  );
  return (
    <>
      <p class="rw-prompt-line" dir="auto" title={match.two?.prompt}>
        {match.two?.prompt}
      </p>
      <div class="rw-two">
        {clips.map((clip, side) => (
          <Side key={clip.key} page={page} match={match} clip={clip} name={side ? "Right" : "Left"} />
        ))}
      </div>
      <div class="rw-quote">
        {say("left", "← Left", "ArrowLeft")}
        {say("tie", "= Equal", "=")}
        {say("right", "Right →", "ArrowRight")}
        {say("skip", "Skip", "S", match.open)}
      </div>
      {page.kernel.session.demo && <p class="rw-facts">The demo's pictures name their model.</p>}
    </>
  );
}

function Side({ page, match, clip, name }: { page: Page; match: Match; clip: Clip; name: string }) {
  const media = mediaOf(page);
  const { key, video } = clip;
  const job = clip as JobRow; // all that is asked of it
  const loading = media.get(key);
  const load = () => media.load(job);
  if (!loading) load();
  if (loading?.state === "ready")
    return (
      // biome-ignore lint/a11y/useMediaCaption: there are no captions to show
      <video
        class="rw-clip"
        ref={mute}
        src={loading.url}
        controls
        playsinline
        preload="auto"
        aria-label={`${name} video`}
        onError={({ currentTarget }) => media.refused(job, currentTarget)}
        onLoadedData={({ currentTarget }) => {
          const both = besides(currentTarget);
          if (both.length < 2 || both.some((one) => one.readyState < 2)) return;
          match.seen();
          if (!prefersStill()) restart(both);
        }}
        onEnded={({ currentTarget }) => {
          const both = besides(currentTarget);
          if (both.every((one) => one.ended)) restart(both); // the shorter one waits for the other
        }}
      />
    );
  const state = loading?.state;
  const failed = state === "failed" || state === "broken";
  return (
    <div class="rw-clip" role={failed ? "alert" : "status"}>
      {loading?.state === "loading" && progress(loading.received, video.size)}
      {state === "broken" && "This browser cannot play it."}
      {loading?.state === "failed" && loading.message}
      {(failed || state === "asking") && (
        <Action icon="again" onClick={load}>
          Load {size(video.size)}
        </Action>
      )}
    </div>
  );
}

/** The videos that are shown beside each other. */
function besides(video: HTMLVideoElement): HTMLVideoElement[] {
  return [...(video.closest(".rw-two") as Element).querySelectorAll("video")];
}

function restart(both: HTMLVideoElement[]): void {
  for (const video of both) {
    video.currentTime = 0;
    video.play().catch(() => {}); // refused, or gone already
  }
}

function Ranking({ rows }: { rows: RankingRow[] }) {
  return (
    <>
      <p class="rw-heading">How often each model wins</p>
      <p class="rw-facts">
        {rows.length
          ? "Of 100 comparisons with an average model it would win so many; 19 times in 20 the truth is in " +
            "the range beside it."
          : "A ranking needs the same prompt made with two models, in one shape, and your answer."}
      </p>
      <ul class="rw-ranking">
        {rows.map((row) => {
          const [low, mid, high] = [row.low, row.strength, row.high].map(percent);
          return (
            <li key={row.model_name}>
              <span>{row.model_name}</span>
              <span
                class="rw-whisker"
                aria-hidden="true"
                style={{ "--low": `${low}%`, "--mid": `${mid}%`, "--high": `${high}%` }}
              />
              <span class="rw-quiet" title={`${row.comparisons} comparisons with other models`}>
                {mid} % ({low}–{high}) of {row.comparisons}
              </span>
            </li>
          );
        })}
      </ul>
    </>
  );
}

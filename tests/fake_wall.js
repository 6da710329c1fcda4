// The library of the fake kernel: what it answers where the wall asks. Entries are what a test gives as `entries`
// (`EntryRow`s, a take each), or else its finished jobs.

const RANK = (entry) => [entry.kept === true ? 0 : entry.kept === null ? 1 : 2, -(entry.rating ?? 0), -entry.created];

function before(a, b) {
  const [x, y] = [RANK(a), RANK(b)];
  const at = x.findIndex((value, n) => value !== y[n]);
  return at < 0 ? 0 : x[at] - y[at];
}

export class FakeWall {
  version = 1;
  entries;

  #jobs;

  /** `jobs` gives the rows of the list. */
  constructor(jobs, entries) {
    this.#jobs = jobs;
    this.entries = entries?.map((entry) => ({ ...EMPTY, ...entry }));
  }

  get all() {
    return this.#listed().map((entry) => (entry.binned ? { ...entry, video: null } : entry));
  }

  #listed() {
    if (this.entries) return this.entries;
    return this.#jobs()
      .filter((job) => job.video)
      .map((job) => ({ ...EMPTY, ...job, note: "", created: job.started, stack: job.key, ...this.chosen[job.key] }));
  }

  left_out = []; // names of further fields that each has
  chosen = {}; // of the jobs: what was said of them

  #last = {}; // what was found, so that a long wall is as quick as the kernel's

  /** The stacks that `query` finds: each its takes, the best first. */
  #stacks(query) {
    const asked = JSON.stringify([query, this.version, this.#jobs(), this.chosen]);
    if (this.#last.asked !== asked || this.#last.all !== this.entries)
      this.#last = { asked, all: this.entries, ...this.#find(query) };
    return this.#last;
  }

  #find(query) {
    const words = (query.text ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.all.filter((entry) => {
      const text = `${entry.prompt} ${entry.note} ${entry.tags.join(" ")} ${entry.model_name}`.toLowerCase();
      return (
        words.every((word) => text.includes(word)) &&
        (query.stack ? entry.stack === query.stack : entry.hidden === !!query.hidden) &&
        (query.stack || entry.status === (query.status ?? "completed")) &&
        (query.model == null || entry.model === query.model) &&
        (query.kept == null || entry.kept === query.kept) &&
        (!query.undecided || entry.kept === null) &&
        (query.rating == null || (entry.rating ?? 0) >= query.rating) &&
        (query.tag == null || entry.tags.includes(query.tag)) &&
        (query.since == null || entry.created >= query.since) &&
        (query.until == null || entry.created < query.until) &&
        (query.cost_from == null || (entry.cost ?? -1) >= query.cost_from) &&
        (query.cost_to == null || (entry.cost ?? Infinity) <= query.cost_to)
      );
    });
    const stacks = new Map();
    for (const entry of found) {
      const id = query.stack ? entry.key : entry.stack;
      stacks.set(id, [...(stacks.get(id) ?? []), entry]);
    }
    const rows = [...stacks.values()].map((takes) => takes.sort(before));
    const newest = (takes) => Math.max(...takes.map((take) => take.created));
    const orders = {
      newest: (a, b) => newest(b) - newest(a),
      oldest: (a, b) => newest(a) - newest(b),
      rating: (a, b) => (b[0].rating ?? 0) - (a[0].rating ?? 0),
      cost: (a, b) => (b[0].cost ?? 0) - (a[0].cost ?? 0),
    };
    return { found, rows: rows.sort(query.stack ? (a, b) => before(a[0], b[0]) : orders[query.order]) };
  }

  wall({ query, tz }) {
    const { found, rows } = this.#stacks(query);
    const days = [];
    for (const takes of rows) {
      const at = Math.max(...takes.map((take) => take.created));
      const dated = query.order === "newest" || query.order === "oldest";
      const day = dated ? new Date((at + tz * 60) * 1000).toISOString().slice(0, 10) : "";
      if (days.at(-1)?.day === day) days.at(-1).count++;
      else days.push({ day, count: 1 });
    }
    const counted = (values) => Object.entries(Object.groupBy(values, (value) => value));
    const shown = this.all.filter((entry) => !entry.hidden);
    return {
      version: this.version,
      total: found.length,
      stacks: rows.length,
      days,
      models: counted(shown.map((entry) => entry.model)).map(([id, of]) => ({ id, name: id, count: of.length })),
      tags: counted(shown.flatMap((entry) => entry.tags)).map(([tag, of]) => ({ tag, count: of.length })),
      kept: shown.filter((entry) => entry.kept).length,
      put_away: this.all.length - shown.length,
    };
  }

  wall_rows({ query, start, count }) {
    const { rows } = this.#stacks(query);
    const shown = rows.slice(start, start + count);
    return {
      version: this.version,
      rows: shown.map((takes) => ({ ...takes[0], takes: query.stack ? rows.length : takes.length })),
    };
  }

  choose({ keys, changes: { add_tags: added = [], remove_tags: removed = [], ...changes } }) {
    const chosen = (before) => {
      const tags = (before?.tags ?? []).filter((tag) => !removed.includes(tag));
      const tagged = added.length || removed.length ? { tags: [...new Set([...tags, ...added])] } : {};
      return { ...before, ...tagged, ...changes };
    };
    if (this.entries)
      this.entries = this.entries.map((entry) => (keys.includes(entry.key) ? chosen(entry) : entry));
    else for (const key of keys) this.chosen[key] = chosen(this.chosen[key]);
    this.version++;
    const takes = (entry) => this.all.filter(({ stack }) => stack === entry.stack).length;
    return {
      rows: this.all.filter(({ key }) => keys.includes(key)).map((entry) => ({ ...entry, takes: takes(entry) })),
    };
  }

  /** This one is there, or another than before. */
  put(entry) {
    this.entries = [...this.entries.filter(({ key }) => key !== entry.key), { ...EMPTY, ...entry }];
    this.version++;
  }

  bin({ keys }) {
    this.choose({ keys, changes: { hidden: true, binned: true } });
    return {};
  }

  restore({ keys }) {
    return this.choose({ keys, changes: { hidden: false, binned: false } });
  }

  settings_of({ key }) {
    const { prompt, model, duration, aspect_ratio, note, picture } = this.all.find((entry) => entry.key === key);
    return { prompt, model, duration, aspect_ratio, note, image: picture, left_out: this.left_out, literal: prompt };
  }
}

const EMPTY = {
  ...{ long: false, takes: 1, error: null, made: null, cost: null, kept: null, rating: null, note: "", tags: [] },
  ...{ hidden: false, binned: false, demo: false, video: null, picture: null, frame: null, status: "completed", take: 1, id: null },
};

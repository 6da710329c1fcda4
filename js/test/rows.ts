// Rows for the tests.

import type { ChangedRows, FirstRows, JobRow, Traits } from "../src/kernel/messages.ts";

export function job(fields: Partial<JobRow>): JobRow {
  return {
    key: "k1",
    revision: 0,
    id: "vid_1",
    prompt: "A fox",
    model: "google/veo-3.0",
    model_name: "Veo 3.0",
    duration: 6,
    aspect_ratio: "16:9",
    take: 1,
    status: "processing",
    note: "",
    error: null,
    started: 100,
    submitted: null,
    processing: null,
    ended: null,
    made: null,
    demo: false,
    undecided: fields.status === "unconfirmed",
    adoptable: fields.status === "unconfirmed",
    stopped: false,
    settled: false,
    picture: null,
    video: null,
    ...fields,
  };
}

/**
 * What a view begins with where `all` are the jobs, newest first; `more` are ones that have not ended,
 * further down.
 */
export function first(all: JobRow[], fields: Partial<FirstRows> = {}): FirstRows {
  const newest = Math.min(20, all.length);
  return {
    revision: 0,
    total: all.length,
    open: 0,
    waiting: 0,
    newest,
    rows: all.slice(0, newest),
    ...fields,
  };
}

export function changed(since: number, rows: JobRow[], fields: Partial<ChangedRows> = {}): ChangedRows {
  const revision = Math.max(since, ...rows.map((row) => row.revision));
  return { since, revision, total: rows.length, open: 0, waiting: 0, rows, ...fields };
}

export function state(fields: Partial<Traits> = {}): Traits {
  return {
    prompt: "A fox",
    model: "google/veo-3.0",
    duration: 6,
    aspect_ratio: "16:9",
    takes: 1,
    image: null,
    _models: [],
    _first: first([]),
    _changed: changed(0, []),
    _session: {
      demo: false,
      has_key: true,
      service: "api.runcrate.ai",
      library: "videos",
      root: null,
      saved: "w",
      limit: null,
      wall: 0,
      form: true,
      elsewhere: "",
    },
    _revision: 0,
    ...fields,
  };
}

// Rows for the tests.

import type { JobRow, State } from "../src/kernel/messages.ts";

export function job(fields: Partial<JobRow>): JobRow {
  return {
    key: "k1",
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
    ended: null,
    demo: false,
    stopped: false,
    video: null,
    ...fields,
  };
}

export function state(fields: Partial<State> = {}): State {
  return {
    prompt: "A fox",
    model: "google/veo-3.0",
    duration: 6,
    aspect_ratio: "16:9",
    takes: 1,
    _models: [],
    _jobs: [],
    _session: {
      demo: false,
      has_key: true,
      service: "api.runcrate.ai",
      library: "videos",
      root: null,
      saved: "w",
      earlier: 0,
    },
    _revision: 0,
    ...fields,
  };
}

// Numbers and texts as a person reads them. Pure functions.

import type { JobRow } from "../kernel/messages.ts";

/** `seconds` as a clock: `0:07`, `12:30`, `1:02:03`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `bytes` in a unit that suits them: `812 KB`, `3.1 MB`, `20 MB`. */
export function size(bytes: number): string {
  const unit = bytes < 999_500 ? "KB" : bytes < 999_500_000 ? "MB" : "GB";
  return `${inUnit(bytes, unit)} ${unit}`;
}

/** How much of a file is here: `3.1 of 20 MB`. */
export function progress(received: number, total: number): string {
  const [number, unit] = size(total).split(" ");
  return `${inUnit(received, unit as Unit)} of ${number} ${unit}`;
}

type Unit = "KB" | "MB" | "GB";

function inUnit(bytes: number, unit: Unit): string {
  const value = bytes / { KB: 1e3, MB: 1e6, GB: 1e9 }[unit];
  return unit === "KB" || value >= 9.95 || value === 0 ? String(Math.round(value)) : value.toFixed(1);
}

/** `$4.80`. */
export function dollars(amount: number): string {
  return amount > 0 && amount < 0.01 ? "under $0.01" : `$${amount.toFixed(2)}`;
}

/** `Veo 3.0 · 6 s · 16:9`, and the take where there is more than one. */
export function facts(job: JobRow): string {
  const duration = job.duration ?? (job.video ? Math.round(job.video.duration) : null);
  return [
    job.model_name,
    duration === null ? "" : `${duration} s`,
    job.aspect_ratio ?? "",
    job.take > 1 ? `take ${job.take}` : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

/** The first `length` characters of `text`, on one line. */
export function short(text: string, length: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  const characters = [...line];
  return characters.length > length ? `${characters.slice(0, length - 1).join("")}…` : line;
}

// What the studio's buttons show, as `Icon` takes it: 16 by 16.

export { AWAY, COMPARE as SIDES, CROSS } from "./signs.ts";

export const PAUSE = "M5.5 3.5v9M10.5 3.5v9";
export const BACK = "M10 4L6 8l4 4M4 4v8";
export const ON = "M6 4l4 4-4 4M12 4v8";
export const LOOP = "M4 6.5h7.5M9.5 4.5l2 2-2 2M12 9.5H4.5M6.5 7.5l-2 2 2 2";
export const SOUND = "M2.5 6v4h2.5L8.5 13V3L5 6zM11 6a3 3 0 0 1 0 4";
export const SILENT = "M2.5 6v4h2.5L8.5 13V3L5 6zM11 6.3l3.4 3.4M14.4 6.3L11 9.7";
export const FULL = "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10";
export const STAR = "M8 2.2l1.8 3.7 4 .6-2.9 2.8.7 4L8 11.4l-3.6 1.9.7-4L2.2 6.5l4-.6z";
export const PLUS = "M8 3v10M3 8h10";
export const USE = "M8 13.5v-8M4.5 8.5L8 5l3.5 3.5M3 2.5h10";
export const PENCIL = "M3 12.5l1-3 7-7 2 2-7 7zM9.5 4l2 2";
export const EXTEND = "M2 4h6v8H2zM8 4h6v8H8M10 8h3";
export const BIN = "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9";
export const DOTS = "M3.5 8v.01M8 8v.01M12.5 8v.01";

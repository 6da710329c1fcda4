// What is loaded when it is first used: everything about videos that are there. Its style comes with it.

import type { Studio } from "../ui/later.ts";
import { Finished } from "./finished.tsx";
import { conditions } from "./form/conditions.ts";
import { Examples } from "./form/examples.tsx";
import { beyond, left } from "./form/limit.ts";
import { Price } from "./form/price.tsx";
import { read } from "./form/read.ts";
import { recall } from "./form/recall.ts";
import { PromptSet } from "./form/set.tsx";
import { Start, take } from "./form/start.tsx";
import { Needs } from "./needs.tsx";

declare const STYLE: string; // css/, as the build puts it in

export const studio: Studio = {
  Examples,
  Finished,
  Needs,
  Price,
  PromptSet,
  read,
  recall,
  take,
  Start,
  beyond,
  left,
  conditions,
  style: STYLE,
};

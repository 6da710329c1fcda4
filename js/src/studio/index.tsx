// What is loaded when it is first used: everything about videos that are there. Its style comes with it.

import type { Studio } from "../ui/later.ts";
import { Finished } from "./finished.tsx";
import { Needs } from "./needs.tsx";

declare const STYLE: string; // css/, as the build puts it in

export const studio: Studio = { Finished, Needs, style: STYLE };

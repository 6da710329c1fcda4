// What is loaded when it is first used: everything about videos that are there. Its style comes with it.

import type { Studio } from "../ui/later.ts";
import { Finished } from "./finished.tsx";
import { Examples } from "./form/examples.tsx";
import { Price } from "./form/price.tsx";
import { read } from "./form/read.ts";
import { sendable } from "./form/sendable.ts";
import { PromptSet } from "./form/set.tsx";

declare const STYLE: string; // css/, as the build puts it in

export const studio: Studio = { Examples, Finished, Price, PromptSet, read, sendable, style: STYLE };

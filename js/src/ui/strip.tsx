// The strip: what needs a person, and what is being made. There is none where there is neither.

import { Needs } from "./needs.tsx";
import { watch } from "./notice.ts";
import type { Page } from "./page.ts";
import { Runs } from "./runs.tsx";

export function Strip({ page }: { page: Page; id: string }) {
  watch(page);
  return (
    <>
      <Needs page={page} />
      <Runs page={page} />
    </>
  );
}

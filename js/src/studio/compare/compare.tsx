import type { Page } from "../../ui/page.ts";
import type { Desk } from "../desk.ts";

export function Compare({ desk }: { page: Page; desk: Desk }) {
  return <p>{desk.chosen.length} chosen</p>;
}

import type { Page } from "../ui/page.ts";
import type { Desk } from "./desk.ts";

export function Arena(_: { page: Page; desk: Desk }) {
  return <p>Arena</p>;
}

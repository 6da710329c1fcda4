import type { Page } from "../ui/page.ts";
import type { Desk } from "./desk.ts";

export function Money(_: { page: Page; desk: Desk }) {
  return <p>Money</p>;
}

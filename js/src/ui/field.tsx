// A control, and what is wrong with it.

import { type ErrorRow, SETTINGS, type Settings } from "../kernel/messages.ts";
import type { ComponentChildren } from "./dom.ts";
import { Problem } from "./marks.tsx";
import type { Page } from "./page.ts";

export interface FormProps {
  page: Page;
  id: string;
}

/** Whether an error stands with its control. */
export function isShown(error: ErrorRow): boolean {
  return (SETTINGS as readonly unknown[]).includes(error.field);
}

/** The attributes that tie a control to what is wrong with it. */
export function invalid(page: Page, id: string, name: keyof Settings) {
  const wrong = page.error?.field === name;
  return wrong ? { "aria-invalid": true, "aria-describedby": `${id}-${name}-problem` } : {};
}

export function Field(props: FormProps & { name: keyof Settings; children: ComponentChildren }) {
  const { error } = props.page;
  return (
    <div class={`rw-field rw-field-${props.name}`}>
      {props.children}
      {error?.field === props.name && <Problem error={error} id={`${props.id}-${props.name}-problem`} />}
    </div>
  );
}

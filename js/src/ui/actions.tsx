// The small buttons of a job's row.

import { copyText } from "../kernel/host.ts";
import type { ComponentChildren } from "./dom.ts";
import { Icon, type IconName } from "./icons.tsx";
import { stateful } from "./stateful.ts";

interface ActionProps {
  icon?: IconName;
  title?: string; // its name too, where there are no words
  busy?: boolean;
  focused?: boolean; // takes the keyboard's focus when it appears
  onClick: () => void;
  children?: ComponentChildren;
  class?: string;
  "aria-expanded"?: boolean;
}

export function Action({ icon, busy, focused, children, ...rest }: ActionProps) {
  return (
    <button
      type="button"
      class="rw-action"
      ref={focused ? focus : null}
      aria-disabled={!!busy}
      aria-label={children ? null : rest.title}
      {...rest}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

// Outside of the components: a reference that stays the same is called once, when its element appears.
export const focus = (element: HTMLElement | null) => element?.focus();
const select = (element: HTMLInputElement | null) => element?.select();

interface CopyProps {
  icon: IconName;
  label: string;
  title: string;
  busy: boolean;
  /** What is copied; undefined if it is not to be had. */
  text: () => string | Promise<string | undefined>;
}

const COPIED = {};

/** Copies a text; where the host refuses that, shows it selected, to be copied by hand. */
export const Copy = stateful<CopyProps, typeof COPIED | string>(
  "",
  ({ icon, label, title, busy, text }, state, set) => (
    <>
      <Action
        icon={state === COPIED ? "done" : icon}
        title={title}
        busy={busy}
        onClick={async () => {
          const found = await text();
          if (!found) return;
          const copied = await copyText(found);
          set(copied ? COPIED : found);
          if (copied) setTimeout(set, 2000, "");
        }}
      >
        <span aria-live="polite">{state === COPIED ? "copied" : label}</span>
      </Action>
      {typeof state === "string" && state && (
        <input
          ref={select}
          class="rw-copy"
          readonly
          value={state}
          aria-label={`${label}, to copy by hand`}
          onFocus={(event) => event.currentTarget.select()}
        />
      )}
    </>
  ),
);

type ConfirmedProps = ActionProps & {
  question: string;
  yes: string;
  onAsking?: () => void; // before it asks
};

/** A button that asks once more before it acts. */
export const Confirmed = stateful<ConfirmedProps, "" | "asking" | "answered">(
  "",
  ({ question, yes, onAsking, ...props }, state, set) =>
    state === "asking" ? (
      <span class="rw-confirm">
        <span>{question}</span>
        <Action
          icon={props.icon as IconName}
          focused
          onClick={() => {
            set("answered");
            props.onClick();
          }}
        >
          {yes}
        </Action>
        <Action icon="cancelled" onClick={() => set("answered")}>
          No
        </Action>
      </span>
    ) : (
      <Action
        {...props}
        focused={state === "answered"}
        onClick={() => {
          set("asking");
          onAsking?.();
        }}
      />
    ),
);

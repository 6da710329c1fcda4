// What the studio (`studio/`, loaded when it is first used) shares with the core: it is given these, and has
// no copy of its own. A module that both need stands here.

export * from "./kernel/conversation.ts";
export * from "./kernel/estimate.ts";
export * from "./kernel/host.ts";
export * from "./kernel/messages.ts";
export * from "./kernel/rows.ts";
export * from "./kernel/state.ts";
export * from "./ui/actions.tsx";
export * from "./ui/dom.ts";
export * from "./ui/field.tsx";
export * from "./ui/format.ts";
export * from "./ui/icons.tsx";
export * from "./ui/marks.tsx";
export * from "./ui/stateful.ts";
export * from "./ui/times.ts";

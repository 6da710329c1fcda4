// What JSX is compiled to, in every file of the studio: the core's.
export { Fragment, h } from "../ui/dom.ts";

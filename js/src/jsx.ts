// What JSX is compiled to: build.mjs imports these into every file.

export { Fragment, h } from "preact";

// Components with a state of their own.

import type { ComponentChildren, Instance } from "./dom.ts";

type View<P, S> = (props: P, state: S, set: (state: S) => void) => ComponentChildren;

/** A component that draws `view` from its props and one value, which is `initial` at first. */
export function stateful<P, S>(initial: S, view: View<P, S>): (props: P) => ComponentChildren {
  const component = (props: P, instance: Instance): ComponentChildren => {
    if (!("state" in instance)) instance.state = initial;
    return view(props, instance.state as S, (state) => {
      instance.state = state;
      instance.redraw();
    });
  };
  return component as (props: P) => ComponentChildren; // the renderer alone gives the second argument
}

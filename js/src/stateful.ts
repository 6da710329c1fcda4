// Components with a state of their own, without the weight of hooks.

import { Component, type ComponentChild } from "preact";

type View<P, S> = (props: P, state: S, set: (state: S) => void) => ComponentChild;

/** A component that draws `view` from its props and one value, which is `initial` at first. */
export function stateful<P, S>(initial: S, view: View<P, S>) {
  return class extends Component<P, { value: S }> {
    override state = { value: initial };
    #set = (value: S): void => this.setState({ value });
    override render(): ComponentChild {
      return view(this.props, this.state.value, this.#set);
    }
  };
}

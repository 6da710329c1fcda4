// The renderer: draws what components give as DOM, and redraws it without touching what stays. Our own: a
// library's would be a quarter of what travels with every widget.
//
// A redraw calls every component first, and only then changes the DOM: where one throws, what is shown stays
// as it was.

/** What a component gives, and what may stand between two tags. */
export type ComponentChildren = VNode | string | number | boolean | null | undefined | ComponentChildren[];

/**
 * What belongs to one place in the tree for as long as it is there. Components get theirs as second argument.
 */
export interface Instance {
  state?: unknown;
  redraw: () => void; // soon, and the whole tree
}

interface VNode {
  type: string | ((props: Props, instance: Instance) => ComponentChildren);
  props: Props;
  key: Key | undefined;
}

type Key = string | number;
// biome-ignore lint/suspicious/noExplicitAny: every component has its own; JSX (below) is what checks them
type Props = Record<string, any>;

/** A node of the tree as it is drawn. */
interface Drawn {
  type: VNode["type"];
  props: Props;
  id: Key; // among its siblings: the key, or else the position
  kids: Drawn[];
  instance: Instance;
  node: Element | Text | undefined; // of an element or a text
}

/** What one redraw has to do once every component has been called. */
interface Plan {
  edits: (() => void)[];
  refs: (() => void)[]; // last, when everything is in its place: what has gone, then what has come
  redraw: () => void;
}

export const Fragment = "";
const TEXT = "#text";
const ASSERTED = ["value", "checked"]; // the person changes these too: compared with the element's own
const OURS = new Set(["children", "ref", ...ASSERTED]);

/** What JSX is compiled to. */
export function h(type: VNode["type"], attributes: Props | null, ...children: ComponentChildren[]): VNode {
  const { key, ...props } = attributes ?? {};
  if (children.length) props.children = children;
  return { type, props, key };
}

const views = new WeakMap<Element, (child: ComponentChildren) => void>();

/** Shows `child` as the content of `el`, in the place of what was shown there; `null` ends that. */
export function render(child: ComponentChildren, el: Element): void {
  let view = views.get(el);
  if (!view) {
    view = open(el);
    views.set(el, view);
  }
  view(child);
}

function open(el: Element): (child: ComponentChildren) => void {
  let shown: Drawn | undefined;
  let child: ComponentChildren;
  let stale = false;

  const redraw = () => {
    if (!stale) queueMicrotask(() => stale && draw());
    stale = true;
  };
  const draw = () => {
    stale = false;
    const plan: Plan = { edits: [], refs: [], redraw };
    const before = shown ?? { type: "", props: {}, id: 0, kids: [], instance: { redraw }, node: el };
    const now = plot(h("root", null, child), 0, before, false, plan);
    if (!shown) el.replaceChildren();
    shown = undefined; // should the DOM refuse a change, the next redraw begins anew
    for (const change of plan.edits) change();
    shown = now;
    for (const ref of plan.refs) ref();
  };
  return (next) => {
    child = next;
    draw();
  };
}

/** Calls the components of `vnode` and below it, and plans what makes `was` look like it. */
function plot({ type, props }: VNode, id: Key, was: Drawn | undefined, svg: boolean, plan: Plan): Drawn {
  const instance = was?.instance ?? { redraw: plan.redraw };
  const children: ComponentChildren[] =
    typeof type === "function" ? [type(props, instance)] : (props.children ?? []);
  const left = new Map(was?.kids.map((kid) => [kid.id, kid]));
  const taken = new Set<Key>();
  svg ||= type === "svg";

  const kids = children.map((child, index) => {
    const vnode = toVNode(child);
    const key = `.${vnode.key}`;
    // One that is there twice is the second time what its place is: else what was drawn of it stayed for ever.
    const id = vnode.key === undefined || taken.has(key) ? index : key;
    taken.add(id);
    let old = left.get(id);
    if (old?.type === vnode.type) left.delete(id);
    else old = undefined;
    return plot(vnode, id, old, svg, plan);
  });

  const node = was ? was.node : create(type, svg);
  plan.edits.push(() => {
    for (const old of left.values()) {
      for (const outermost of nodes(old)) outermost.remove();
      leave(old, plan);
    }
    if (type === TEXT) {
      if (was?.props.data !== props.data) (node as Text).data = props.data;
    } else if (node) {
      place(node, kids.flatMap(nodes));
      assign(node as Element, props, was?.props ?? {}, plan);
    }
  });
  return { type, props, id, kids, instance, node };
}

/** Nothing, true and false keep their place in a row of children, so that those after them keep theirs. */
function toVNode(child: ComponentChildren): VNode {
  if (child == null || typeof child === "boolean") return h(Fragment, null);
  if (Array.isArray(child)) return h(Fragment, null, ...child);
  return typeof child === "object" ? child : h(TEXT, { data: `${child}` });
}

function create(type: VNode["type"], svg: boolean): Element | Text | undefined {
  if (!type || typeof type === "function") return undefined;
  if (type === TEXT) return document.createTextNode("");
  return document.createElementNS(`http://www.w3.org/${svg ? "2000/svg" : "1999/xhtml"}`, type);
}

/** Tells the references to `drawn` and below it that their elements are gone. */
function leave({ props, kids }: Drawn, plan: Plan): void {
  if (props.ref) plan.refs.unshift(() => props.ref(null));
  for (const kid of kids) leave(kid, plan);
}

/** The outermost DOM nodes of `drawn`. */
function nodes({ node, kids }: Drawn): ChildNode[] {
  return node ? [node] : kids.flatMap(nodes);
}

/**
 * Brings `wanted` into order in `parent`. One that is in its place is not touched: a video that is moved
 * stops.
 */
function place(parent: Node, wanted: Node[]): void {
  let next: Node | null = parent.firstChild;
  for (const node of wanted) {
    if (next?.nextSibling === node) next = node; // the one before it has gone further down: its turn comes
    if (next === node) next = node.nextSibling;
    else parent.insertBefore(node, next);
  }
}

const current = new WeakMap<EventTarget, Props>();

// The same function for all, so that an element to which it is added again keeps it once.
function hear(event: Event): void {
  const props = current.get(event.currentTarget as EventTarget);
  for (const name in props) if (name.toLowerCase() === `on${event.type}`) props[name]?.(event);
}

/**
 * Sets the attributes of `element`, whose children are there already: a select's value has to be one of them.
 */
function assign(element: Element, props: Props, was: Props, plan: Plan): void {
  current.set(element, props);
  for (const name in { ...was, ...props }) {
    const value = props[name];
    if (OURS.has(name) || value === was[name]) continue;
    if (name === "style") {
      const { style } = element as HTMLElement;
      for (const property in { ...was.style, ...value })
        style.setProperty(property, value?.[property] ?? null);
    } else if (name.startsWith("on")) {
      element.addEventListener(name.slice(2).toLowerCase(), hear);
    } else {
      // `aria-` and `data-` say false in words; others by not being there.
      const text = typeof value !== "boolean" || name.includes("-") ? value : value ? "" : null;
      if (text == null) element.removeAttribute(name);
      else element.setAttribute(name, text);
    }
  }
  for (const name of ASSERTED) {
    const own = element as unknown as Props;
    const value = props[name];
    // A progress of 0 has to be set as well, or else it is of no known value: its own is a number, a
    // control's never is.
    if (value != null && own[name] !== (typeof value === "number" ? `${value}` : value)) own[name] = value;
  }
  if (props.ref !== was.ref) {
    if (was.ref) plan.refs.unshift(() => was.ref(null));
    if (props.ref) plan.refs.push(() => props.ref(element));
  }
}

// What TypeScript knows of JSX.

type Value = string | number | boolean | null | undefined;

interface Events {
  Blur: FocusEvent;
  Change: Event;
  Click: MouseEvent;
  DragOver: DragEvent;
  Drop: DragEvent;
  Ended: Event;
  Error: Event;
  Focus: FocusEvent;
  FocusIn: FocusEvent;
  FocusOut: FocusEvent;
  Input: Event;
  KeyDown: KeyboardEvent;
  Load: Event;
  LoadedData: Event;
  LoadedMetadata: Event;
  Paste: ClipboardEvent;
  Pause: Event;
  Play: Event;
  Playing: Event;
  PointerEnter: PointerEvent;
  PointerLeave: PointerEvent;
  PointerOver: PointerEvent;
  Scroll: Event;
  TimeUpdate: Event;
  Toggle: ToggleEvent;
}

type Handlers<E> = {
  [N in keyof Events as `on${N}`]?: ((event: Events[N] & { currentTarget: E }) => unknown) | undefined;
};

interface Common<E> extends Handlers<E> {
  children?: ComponentChildren;
  class?: string | undefined;
  key?: Key;
  ref?: ((element: E | null) => void) | null | undefined;
  style?: Record<Lowercase<string>, string | number | null> | undefined; // by the names that CSS has
}

/** An element's attributes are its properties, in lower case. */
type Attributes<E> = {
  [N in keyof E & string as E[N] extends Value ? Exclude<Lowercase<N>, "value" | "checked"> : never]?: Value;
} & (E extends { value: string | number } ? { value?: string | number | undefined } : unknown) &
  (E extends { checked: boolean } ? { checked?: boolean | undefined } : unknown);

type HTML = {
  [T in keyof HTMLElementTagNameMap]: Attributes<HTMLElementTagNameMap[T]> & Common<HTMLElementTagNameMap[T]>;
};

declare global {
  namespace JSX {
    type Element = VNode;
    // biome-ignore lint/suspicious/noExplicitAny: each component has props of its own
    type ElementType = keyof IntrinsicElements | ((props: any) => ComponentChildren);
    interface ElementChildrenAttribute {
      children: unknown;
    }
    interface IntrinsicAttributes {
      key?: Key;
    }
    interface IntrinsicElements extends HTML {
      svg: Common<SVGElement> & { viewBox: string };
      path: Common<SVGElement> & { d: string };
    }
  }
}

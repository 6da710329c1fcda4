// The front end as the runtime widget carries it: deflated, since it is saved in every notebook. Built by
// itself.

declare const TEXT: string; // widget.js, deflated, in base64

type Factory = () => unknown;

let front: Promise<Factory> | undefined;

export default async () => {
  front ??= unpacked();
  return (await front)();
};

async function unpacked(): Promise<Factory> {
  const deflated = Uint8Array.from(atob(TEXT), (letter) => letter.charCodeAt(0));
  const inflated = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const script = new Blob([await new Response(inflated).blob()], { type: "text/javascript" });
  const url = URL.createObjectURL(script);
  try {
    const module: { default: Factory } = await import(url);
    return module.default;
  } finally {
    URL.revokeObjectURL(url);
  }
}

// The front end as the runtime widget carries it: deflated, since it is saved in every notebook. Built by
// itself.

import { inflate } from "./inflate.ts";

declare const TEXT: string; // widget.js, deflated

type Factory = () => unknown;

let front: Promise<Factory> | undefined;

export default async () => {
  front ??= unpacked();
  return (await front)();
};

async function unpacked(): Promise<Factory> {
  const url = URL.createObjectURL(await inflate(TEXT));
  try {
    const module: { default: Factory } = await import(url);
    return module.default;
  } finally {
    URL.revokeObjectURL(url);
  }
}

// A picture as it can be sent.

import { LARGEST_PICTURE } from "../../kernel/messages.ts";

const TYPES = ["image/jpeg", "image/png", "image/webp"]; // that are sent as they are
const LONGEST_SIDE = 8192; // pixels that the kernel lets pass

/** In base64. */
export async function base64(blob: Blob): Promise<string> {
  const reader = new FileReader();
  reader.readAsDataURL(blob);
  await new Promise((resolve) => reader.addEventListener("load", resolve));
  return (reader.result as string).split(",")[1] as string;
}

/** The picture itself, or as a JPEG that can be sent; undefined: it is none. */
export async function fit(picture: Blob): Promise<Blob | undefined> {
  const bitmap = await createImageBitmap(picture).catch(() => undefined);
  if (!bitmap) return undefined;
  const { width, height } = bitmap;
  let scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  if (scale === 1 && TYPES.includes(picture.type) && picture.size <= LARGEST_PICTURE) return picture;
  for (; ; scale *= 0.7) {
    const canvas = new OffscreenCanvas(Math.ceil(width * scale), Math.ceil(height * scale));
    const pen = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
    pen.fillStyle = "#fff"; // a JPEG has nothing that lets look through
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const jpeg = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
    if (jpeg.size <= LARGEST_PICTURE) return jpeg;
  }
}

// What the build has deflated, in letters (`build.mjs`): all of ASCII from `!` to `~` but three, of which two
// are 13 bits. The first one says how many bytes at the end are none.

/** The script that `text` stands for. */
export async function inflate(text: string): Promise<Blob> {
  const bytes = new Uint8Array((text.length * 13) / 16 + 1);
  let [bits, many, length] = [0, 0, 0];
  const digit = (at: number) => {
    const letter = text.charCodeAt(at);
    return letter - 33 - +(letter > 34) - +(letter > 60) - +(letter > 92);
  };
  for (let at = 1; at < text.length; at += 2) {
    bits |= (digit(at) + 91 * digit(at + 1)) << many;
    for (many += 13; many > 7; many -= 8) {
      bytes[length++] = bits;
      bits >>>= 8;
    }
  }
  const deflated = new Blob([bytes.subarray(0, length - Number(text[0]))]);
  const script = await new Response(
    deflated.stream().pipeThrough(new DecompressionStream("deflate-raw")),
  ).blob();
  return new Blob([script], { type: "text/javascript" });
}

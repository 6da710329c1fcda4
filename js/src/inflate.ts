// What the build has deflated, in letters (`build.mjs`): 85 of them, of which five are four bytes. The first
// one says how many bytes at the end are none.

/** The script that `text` stands for. */
export async function inflate(text: string): Promise<Blob> {
  const bytes = new Uint8Array((text.length - 1) * 0.8);
  for (let at = 1, n = 0; at < text.length; ) {
    let four = 0;
    for (const end = at + 5; at < end; at++) {
      const letter = text.charCodeAt(at);
      // Neither `<` nor a backslash is among them.
      four = four * 85 + (letter === 125 ? 60 : letter === 126 ? 92 : letter) - 40;
    }
    for (let shift = 24; shift >= 0; shift -= 8) bytes[n++] = four / 2 ** shift;
  }
  const deflated = new Blob([bytes.subarray(0, bytes.length - Number(text[0]))]);
  const script = await new Response(
    deflated.stream().pipeThrough(new DecompressionStream("deflate-raw")),
  ).blob();
  return new Blob([script], { type: "text/javascript" });
}

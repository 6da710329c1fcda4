// One text that stands for several prompts. The other side of this file is `runcrate_widget/prompts.py`,
// which says what braces mean; `tests/test_prompts.py` runs both on the same texts.

/** Prompts that one text may stand for. */
export const MOST_PROMPTS = 200;

const trim = (text: string) => text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");

/** The prompts that `text` stands for, each once; undefined where there are too many. */
export function expand(text: string, eachLine = false): string[] | undefined {
  const found = new Set<string>();
  let counted = 0;
  for (const line of eachLine ? text.split(/\r\n|\r|\n/) : [text]) {
    if (!trim(line)) continue;
    const pieces: string[][] = [];
    let end = 0;
    for (const braces of line.matchAll(/(?<!\\)\{((?:[^{}]|(?<=\\)[{}])*)(?<!\\)\}/g)) {
      const alternatives = (braces[1] as string).split(/(?<!\\)\|/);
      if (alternatives.length < 2) continue;
      pieces.push([line.slice(end, braces.index)], alternatives);
      end = braces.index + braces[0].length;
    }
    let prompts = [""];
    for (const piece of [...pieces, [line.slice(end)]]) {
      if (counted + prompts.length * piece.length > MOST_PROMPTS) return undefined;
      prompts = prompts.flatMap((begin) => piece.map((part) => begin + part.replace(/\\([{|}])/g, "$1")));
    }
    counted += prompts.length;
    for (const prompt of prompts) if (trim(prompt)) found.add(trim(prompt));
  }
  return [...found];
}

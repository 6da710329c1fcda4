// What differs between two prompts, word by word. Pure.

export interface Piece {
  kind: "same" | "added" | "removed";
  text: string;
}

interface Word {
  text: string;
  gap: string; // what stands before it: spaces, or nothing
}

// Where words are not apart (Chinese, Japanese, Thai), each character is one.
const APART = "[\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}\\p{sc=Thai}]";
const WORDS = new RegExp(`\\s*(?:${APART}|(?:(?!${APART})[\\p{L}\\p{N}\\p{M}'’-])+|\\S)`, "gu");

function words(text: string): Word[] {
  return [...text.trim().matchAll(WORDS)].map(([found]) => {
    const text = found.trimStart();
    return { text, gap: found.length > text.length ? " " : "" };
  });
}

/** How one comes from `before` to `after`: as few words removed and added as there can be. */
export function difference(before: string, after: string): Piece[] {
  const [old, now] = [words(before), words(after)];
  const same = (i: number, j: number) => old[i]?.text === now[j]?.text;
  let [start, ends] = [0, 0];
  const shorter = Math.min(old.length, now.length);
  while (start < shorter && same(start, start)) start++;
  while (ends < shorter - start && same(old.length - 1 - ends, now.length - 1 - ends)) ends++;
  const [rows, columns] = [old.length - start - ends, now.length - start - ends];

  // The longest common run of words from (i, j) on.
  const wide = columns + 1;
  const common = new Uint16Array((rows + 1) * wide);
  const at = (i: number, j: number) => common[i * wide + j] as number;
  for (let i = rows - 1; i >= 0; i--)
    for (let j = columns - 1; j >= 0; j--)
      common[i * wide + j] = same(start + i, start + j)
        ? at(i + 1, j + 1) + 1
        : Math.max(at(i + 1, j), at(i, j + 1));

  const pieces: Piece[] = [];
  const say = (kind: Piece["kind"], word: Word | undefined) => {
    const last = pieces.at(-1);
    if (!word) return;
    if (last?.kind === kind) last.text += word.gap + word.text;
    else pieces.push({ kind, text: (last ? word.gap : "") + word.text });
  };
  const stays = (i: number, j: number) => {
    const [was, word] = [old[i], now[j]] as [Word, Word];
    say("same", { ...word, gap: word.gap || was.gap });
  };
  for (let n = 0; n < start; n++) stays(n, n);
  for (let i = 0, j = 0; i < rows || j < columns; ) {
    if (i < rows && j < columns && same(start + i, start + j)) {
      stays(start + i++, start + j++);
    } else if (i < rows && (j === columns || at(i + 1, j) >= at(i, j + 1))) say("removed", old[start + i++]);
    else say("added", now[start + j++]);
  }
  for (let n = ends; n > 0; n--) stays(old.length - n, now.length - n);
  return pieces;
}

// Ranks things by how well a label answers what was typed: from its beginning, from the beginning of a word, anywhere,
// or as letters in order.

export function matchScore(label: string, text: string): number {
  const hay = label.toLowerCase();
  const needle = text.trim().toLowerCase();
  if (needle === "") return 1;
  if (hay === needle) return 100;
  if (hay.startsWith(needle)) return 80 - Math.min(20, hay.length - needle.length) / 10;
  const at = hay.indexOf(needle);
  if (at > 0) return /[\s\-_.]/.test(hay[at - 1] ?? "") ? 60 : 40;
  let from = 0;
  for (const letter of needle) {
    const found = hay.indexOf(letter, from);
    if (found < 0) return 0;
    from = found + 1;
  }
  return needle.length > 2 ? 10 : 0;
}

export function rankMatches<T>(items: T[], text: string, label: (item: T) => string, most: number): T[] {
  if (text.trim() === "") return items.slice(0, most);
  return items
    .map((item, index) => ({ item, index, score: matchScore(label(item), text) }))
    .filter((each) => each.score > 0)
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, most)
    .map((each) => each.item);
}

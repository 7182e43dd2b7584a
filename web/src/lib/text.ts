/** Text as people see it: grapheme clusters, bytes on the wire, links. */

const encoder = new TextEncoder();

/** Length in bytes of UTF-8, which is what limits count. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/** The first visible character, so that an emoji or an accented letter is never cut in two. */
export function initial(name: string): string {
  for (const { segment } of new Intl.Segmenter().segment(name.trim())) return segment.toLocaleUpperCase();
  return "?";
}

/** True for a message of one to three emoji and nothing else. */
export function isEmojiOnly(text: string): boolean {
  const compact = text.replace(/\s/gu, "");
  if (compact.length > 60) return false;
  const clusters = [...new Intl.Segmenter().segment(compact)];
  return (
    clusters.length > 0 &&
    clusters.length <= 3 &&
    clusters.every(({ segment }) => /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator}{2})/u.test(segment))
  );
}

export interface Piece {
  text: string;
  href?: string;
}

/** Splits text at http and https addresses; nothing else becomes a link. */
export function linkify(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(/\bhttps?:\/\/[^\s<>"']+/giu)) {
    // Punctuation that ends a sentence is not part of the address.
    const found = match[0].replace(/[.,;:!?)\]}]+$/u, "");
    if (!URL.canParse(found)) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: found, href: found });
    end = match.index + found.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** "812 bytes", "3.4 KB", "150 MB": multiples of 1024, as the limits are. */
export function formatBytes(size: number): string {
  if (size < 1024) return size === 1 ? "1 byte" : `${size} bytes`;
  const units = ["KB", "MB", "GB"];
  let value = size / 1024;
  let unit = 0;
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toLocaleString(undefined, { maximumFractionDigits: value < 10 ? 1 : 0 })} ${units[unit]}`;
}

/** Breaks a text into lines of a width, at blanks where there are any; what does not fit ends in "…". The width is in average characters. */
export function wrap(text: string, width: number, lines: number): string[] {
  const out: string[] = [];
  let rest = [...text.trim()]; // by character, so that none is cut in two
  while (rest.length > 0 && out.length < lines) {
    const fits = count(rest, width);
    if (fits === rest.length) {
      out.push(rest.join(""));
      break;
    }
    if (out.length === lines - 1) {
      const shown = rest.slice(0, Math.max(1, count(rest, width - 1)));
      out.push(`${shown.join("").trimEnd()}…`);
      break;
    }
    const blank = rest.slice(0, fits + 1).lastIndexOf(" ");
    const end = blank > fits / 2 ? blank : Math.max(1, fits);
    out.push(rest.slice(0, end).join("").trimEnd());
    rest = [...rest.slice(end).join("").trimStart()];
  }
  return out;
}

/** How many characters fit. */
function count(text: readonly string[], width: number): number {
  let used = 0;
  for (const [n, character] of text.entries()) {
    used += widthOf(character);
    if (used > width) return n;
  }
  return text.length;
}

/** Roughly how wide fonts without serifs make a character, beside an average one. */
function widthOf(character: string): number {
  if (/[iljtfr.,:;'|! ()[\]/-]/.test(character)) return 0.65;
  if (/[mwMW@%_]/.test(character)) return 1.4;
  if (/[A-Z]/.test(character)) return 1.25;
  return (character.codePointAt(0) ?? 0) < 0x500 ? 1.05 : 1.9; // beyond: signs as wide as high, and pictures
}

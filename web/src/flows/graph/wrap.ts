/** Breaks a text into lines of so many characters, at blanks where there are any; what does not fit ends in "…". */
export function wrap(text: string, width: number, lines: number): string[] {
  const out: string[] = [];
  let rest = [...text.trim()]; // by character, so that none is cut in two
  while (rest.length > 0 && out.length < lines) {
    if (rest.length <= width) {
      out.push(rest.join(""));
      return out;
    }
    if (out.length === lines - 1) {
      out.push(
        `${rest
          .slice(0, Math.max(1, width - 1))
          .join("")
          .trimEnd()}…`,
      );
      return out;
    }
    const blank = rest.slice(0, width + 1).lastIndexOf(" ");
    const end = blank > width / 2 ? blank : width;
    out.push(rest.slice(0, end).join("").trimEnd());
    rest = [...rest.slice(end).join("").trimStart()];
  }
  return out;
}

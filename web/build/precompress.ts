import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { constants, gzipSync } from "node:zlib";

/** Writes name.gz beside each file where that saves something; internal/web serves it. */
export function precompress(out: string): void {
  for (const name of readdirSync(out, { recursive: true, encoding: "utf8" })) {
    if (![".js", ".css", ".svg"].includes(extname(name))) continue;
    const file = join(out, name);
    const plain = readFileSync(file);
    const zipped = gzipSync(plain, { level: constants.Z_BEST_COMPRESSION });
    if (zipped.length < plain.length * 0.9) writeFileSync(`${file}.gz`, zipped);
  }
}

// Scripts with a fixed address that other pages load too: each becomes one classic script.

import { join } from "node:path";
import { build } from "vite";
import { addresses } from "./vendor.ts";

const root = join(import.meta.dirname, "..");

/** Source → address. */
const scripts = {
  "src/desktop/wrapper.ts": "desktop/parley-desktop.js",
  "src/webchat/embed.ts": "webchat/parley-webchat.js",
  "plugins/transfer/index.ts": "desktop/transfer.js",
  "plugins/files/index.ts": "desktop/files.js",
};

export async function buildScripts(out: string): Promise<void> {
  for (const [entry, fileName] of Object.entries(scripts)) {
    await build({
      configFile: false,
      root,
      logLevel: "warn",
      publicDir: false,
      define: addresses,
      build: {
        outDir: out,
        emptyOutDir: false,
        lib: { entry: join(root, entry), formats: ["iife"], name: "parley", fileName: () => fileName },
      },
    });
  }
}

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const out = join(import.meta.dirname, "../internal/web/dist");

// The server that the development pages talk to.
const backend = "http://localhost:8080";

/** Writes name.gz beside each asset where that saves something; internal/web serves it. */
function precompress(): Plugin {
  return {
    name: "precompress",
    apply: "build",
    closeBundle() {
      for (const name of readdirSync(join(out, "assets"))) {
        if (![".js", ".css", ".svg"].includes(extname(name))) continue;
        const file = join(out, "assets", name);
        const plain = readFileSync(file);
        const zipped = gzipSync(plain, { level: constants.Z_BEST_COMPRESSION });
        if (zipped.length < plain.length * 0.9) writeFileSync(`${file}.gz`, zipped);
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), precompress()],
  build: {
    outDir: out,
    emptyOutDir: true,
    // The chat SDK alone is 670 kB; only the guide loads it. The worker's SDK is a chunk of its own.
    chunkSizeWarningLimit: 800,
    rollupOptions: { input: ["index.html", "guide/index.html"] },
  },
  server: {
    proxy: {
      "/demo": backend,
      "/readyz": backend,
      "/mcs": backend,
      "/flex-api": backend,
      "/event-bridge": { target: backend, ws: true },
      "/tsock": { target: backend, ws: true },
    },
  },
});

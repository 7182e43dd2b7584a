import { join } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { writeChime } from "./build/chime.ts";
import { precompress } from "./build/precompress.ts";
import { buildScripts } from "./build/scripts.ts";
import { addresses, copyVendor } from "./build/vendor.ts";

const out = join(import.meta.dirname, "../internal/web/dist");

// The server that the development pages talk to.
const backend = "http://localhost:8080";

/** What stands beside the pages. */
function beside(): Plugin {
  return {
    name: "beside",
    apply: "build",
    async closeBundle() {
      copyVendor(out);
      writeChime(out);
      await buildScripts(out);
      precompress(out);
    },
  };
}

export default defineConfig({
  define: addresses,
  plugins: [react(), beside()],
  build: {
    outDir: out,
    emptyOutDir: true,
    // The chat SDK alone is 670 kB; only the guide loads it. The worker's SDK is a chunk of its own.
    chunkSizeWarningLimit: 800,
    rollupOptions: {
      input: [
        "index.html",
        "guide/index.html",
        "desktop/index.html",
        "webchat/index.html",
        "flows/index.html",
      ],
    },
  },
  server: {
    proxy: {
      "/demo": backend,
      "/readyz": backend,
      "/mcs": backend,
      "/flex-api": backend,
      "/iam": backend,
      "/preview": backend,
      "/studio": backend,
      "/event-bridge": { target: backend, ws: true },
      "/tsock": { target: backend, ws: true },
    },
  },
});

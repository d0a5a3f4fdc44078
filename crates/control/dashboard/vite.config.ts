import type { ProxyOptions } from "vite";
import { defineConfig } from "vitest/config";

function proxy(): ProxyOptions {
  return {
    target: process.env["EXSTORE_CONTROL"] ?? "http://127.0.0.1:8135",
    // The head of a stream is an answer too: it does not wait for the first entry.
    configure: (server) => {
      server.on("proxyRes", (_head, _request, answer) => setImmediate(() => answer.flushHeaders()));
    },
  };
}

// The names of files are fixed and their ETags tell versions apart, so that the server embeds a list that does not change.
export default defineConfig({
  base: "/dashboard/",
  publicDir: "public",
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    outDir: "dist",
    // dist/.gitignore is there to stay.
    emptyOutDir: false,
    assetsInlineLimit: 0,
    modulePreload: false,
    cssCodeSplit: false,
    target: "es2022",
    rollupOptions: {
      output: {
        entryFileNames: "app.js",
        inlineDynamicImports: true,
        assetFileNames: (asset) => (asset.names[0]?.endsWith(".css") ? "app.css" : "[name][extname]"),
      },
    },
  },
  // `npm run dev` asks a server that runs beside it; EXSTORE_CONTROL names another.
  server: { proxy: { "/v1": proxy(), "/docs": proxy() } },
  test: { include: ["test/**/*.test.ts"], environment: "node" },
});

import { defineConfig } from "vitest/config";

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
  // `npm run dev` beside a server with --allow-origin http://localhost:5173 is not needed: requests go through here.
  server: { proxy: { "/v1": "http://127.0.0.1:8135", "/healthz": "http://127.0.0.1:8135" } },
  test: { include: ["test/**/*.test.ts"], environment: "node" },
});

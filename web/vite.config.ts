import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// While the page is developed, the API of a running `linli serve` answers behind the same address.
const api = process.env.LINLI_API ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [svelte()],
  build: { target: "es2022", chunkSizeWarningLimit: 1600 },
  server: { proxy: { "/api": api, "/config.json": api } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});

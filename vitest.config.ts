import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["luce-source", "node", "import", "default"] },
  ssr: { resolve: { conditions: ["luce-source", "node", "import", "default"] } },
  test: {
    include: [
      "packages/*/{src,test}/**/*.test.ts",
      "recipes/**/*.test.ts",
      "scripts/**/*.test.ts",
      "benchmarks/**/*.test.ts",
    ],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});

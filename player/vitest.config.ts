import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const decoder = "../node_modules/hls.js/src/utils/cea-608-parser.ts";

export default defineConfig({
	define: { __VERSION__: '"test"', __IN_WORKER__: "false" },
	resolve: {
		alias: { "cea-608-parser": fileURLToPath(new URL(decoder, import.meta.url)) },
	},
	test: { include: ["test/**/*.test.ts"] },
});

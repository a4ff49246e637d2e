// A page of another site with stock hls.js: what anybody's player makes of our
// playlists, and what ours is measured against.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";

const script = createRequire(import.meta.url).resolve("hls.js/dist/hls.min.js");

/**
 * Serves the page on a free port.
 * @param {string} playlist a multivariant playlist
 * @returns {Promise<{ url: string, stop: () => void }>}
 */
export async function startStockPage(playlist) {
	const page = `<!doctype html><title>stock hls.js</title>
		<video muted autoplay playsinline width="640"></video>
		<script src="/hls.js"></script>
		<script>
			window.trouble = [];
			const hls = new Hls({ lowLatencyMode: true });
			hls.on(Hls.Events.ERROR, (_, e) => trouble.push((e.fatal ? "fatal " : "") + e.details));
			hls.loadSource(${JSON.stringify(playlist)});
			hls.attachMedia(document.querySelector("video"));
			window.hls = hls;
		</script>`;
	const server = createServer((request, response) => {
		const isScript = request.url === "/hls.js";
		response.writeHead(200, {
			"content-type": isScript ? "text/javascript" : "text/html",
			"content-encoding": "gzip",
		});
		response.end(gzipSync(isScript ? readFileSync(script) : page));
	});
	await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
	const address = server.address();
	if (!address || typeof address === "string") throw new Error("no address");
	const stop = () => {
		server.close();
		server.closeAllConnections();
	};
	return { url: `http://127.0.0.1:${address.port}/`, stop };
}

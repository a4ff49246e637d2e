// A page of another site with stock hls.js: what anybody's player makes of our
// playlists, and what ours is measured against.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { startSite } from "./site.js";

/** Stock hls.js, a script for a page. */
export const stockHls = () =>
	readFileSync(createRequire(import.meta.url).resolve("hls.js/dist/hls.min.js"), "utf8");

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
			// Where there is only a loopback the browser calls itself offline, and hls.js waits for
			// the network instead of asking again.
			Object.defineProperty(navigator, "onLine", { get: () => true });
			window.trouble = [];
			const hls = new Hls({ lowLatencyMode: true });
			hls.on(Hls.Events.ERROR, (_, e) => trouble.push((e.fatal ? "fatal " : "") + e.details));
			hls.loadSource(${JSON.stringify(playlist)});
			hls.attachMedia(document.querySelector("video"));
			window.hls = hls;
		</script>`;
	const { origin, stop } = await startSite({ "/": page, "/hls.js": stockHls() });
	return { url: `${origin}/`, stop };
}

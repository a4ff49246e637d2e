// A page with P2P Media Loader on stock hls.js, and the tracker that it needs.

import { readFileSync } from "node:fs";
import Tracker from "bittorrent-tracker/server";
import { startSite } from "../../e2e/lib/site.js";
import { stockHls } from "../../e2e/lib/stock.js";

const installed = (/** @type {string} */ name) =>
	readFileSync(new URL(`../node_modules/${name}/dist/${name}.es.min.js`, import.meta.url), "utf8");

/** A WebTorrent tracker on loopback. */
export async function startTracker() {
	const tracker = new Tracker({ udp: false, http: false, ws: true, stats: false });
	// Clients that leave in the middle of a sentence are no concern.
	tracker.on("error", () => {});
	tracker.on("warning", () => {});
	await new Promise((resolve) => tracker.listen(0, "127.0.0.1", () => resolve(undefined)));
	const { port } = tracker.ws.address();
	return { port, url: `ws://127.0.0.1:${port}`, stop: () => tracker.close() };
}

/**
 * @typedef {object} Page
 * @property {string} playlist
 * @property {string} tracker
 * @property {object} settings of hls.js
 * @property {object} core settings of P2P Media Loader
 */

/** @param {Page} page */
function html({ playlist, tracker, settings, core }) {
	const engine = { ...core, announceTrackers: [tracker], rtcConfig: { iceServers: [] } };
	return `<!doctype html><title>P2P Media Loader</title>
		<video muted autoplay playsinline width="640"></video>
		<script src="/hls.js"></script>
		<script type="importmap">{ "imports": { "p2p-media-loader-core": "/core.js" } }</script>
		<script type="module">
			import { HlsJsP2PEngine } from "/engine.js";
			window.loaded = { http: 0, p2p: 0, peers: 0 };
			const hls = new (HlsJsP2PEngine.injectMixin(Hls))({
				...${JSON.stringify(settings)},
				p2p: { core: ${JSON.stringify(engine)} },
			});
			hls.p2pEngine.addEventListener("onChunkDownloaded", (bytes, from) => { loaded[from] += bytes; });
			hls.p2pEngine.addEventListener("onPeerConnect", () => loaded.peers++);
			hls.attachMedia(document.querySelector("video"));
			hls.loadSource(${JSON.stringify(playlist)});
		</script>`;
}

/** Serves the page on a free port. @param {Page} page */
export async function startLoaderPage(page) {
	const { origin, stop } = await startSite({
		"/": html(page),
		"/hls.js": stockHls(),
		"/engine.js": installed("p2p-media-loader-hlsjs"),
		"/core.js": installed("p2p-media-loader-core"),
	});
	return { url: `${origin}/`, stop };
}

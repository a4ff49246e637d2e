// A stand-in for PeerTube, not PeerTube itself: it answers GET /api/v1/videos/{id} in the
// shape that PeerTube documents (https://docs.joinpeertube.org/api-rest-reference.html),
// as far as liverelay reads it, and names a playlist that lies elsewhere.

import { createServer } from "node:http";

const id = "9c9de5e8-0a1e-484a-b099-e80766180a6d";

/** @param {{ playlist: string }} options */
export async function peertubeStandIn({ playlist }) {
	const state = { live: false };
	const server = createServer((request, response) => {
		if (request.url !== `/api/v1/videos/${id}`) {
			response.writeHead(404, { "Content-Type": "application/problem+json" });
			response.end(JSON.stringify({ title: "Not Found", status: 404 }));
			return;
		}
		response.writeHead(200, { "Content-Type": "application/json; charset=utf-8" });
		response.end(JSON.stringify(video(state.live, playlist)));
	});
	await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(null)));
	const address = server.address();
	const port = typeof address === "object" && address ? address.port : 0;
	return {
		watch: `http://127.0.0.1:${port}/w/${id}`,
		/** begins the live. */
		begin() {
			state.live = true;
		},
		stop: () => new Promise((resolve) => server.close(() => resolve(null))),
	};
}

/** @param {boolean} live @param {string} playlistUrl */
function video(live, playlistUrl) {
	return {
		id: 42,
		uuid: id,
		shortUUID: "kkGMgK9ZtnKfYAgnEtQxbv",
		name: "What PeerTube calls it",
		isLive: true,
		duration: 0,
		previewPath: `/lazy-static/previews/${id}.jpg`,
		privacy: { id: 1, label: "Public" },
		// VideoState: 1 published, 4 waiting for the live.
		state: live ? { id: 1, label: "Published" } : { id: 4, label: "Waiting for livestream" },
		files: [],
		streamingPlaylists: live
			? [{ id: 1, type: 1, playlistUrl, segmentsSha256Url: "", files: [], redundancies: [] }]
			: [],
	};
}

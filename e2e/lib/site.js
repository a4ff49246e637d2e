// Somebody's site: pages on an origin of their own.

import { createServer } from "node:http";
import { gzipSync } from "node:zlib";

/**
 * Serves pages and scripts on a free port, compressed as sites do it.
 * @param {Record<string, string>} files by path; those that end in .js are scripts
 * @param {string} [host]
 * @returns {Promise<{ origin: string, stop: () => void }>}
 */
export async function startSite(files, host = "127.0.0.1") {
	const server = createServer((request, response) => {
		const path = (request.url ?? "/").split("?")[0];
		const text = files[path];
		if (text === undefined) return response.writeHead(404).end();
		const type = path.endsWith(".js") ? "text/javascript" : "text/html";
		response.writeHead(200, {
			"content-type": `${type}; charset=utf-8`,
			"content-encoding": "gzip",
		});
		response.end(gzipSync(text));
	});
	await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
	const address = server.address();
	if (!address || typeof address === "string") throw new Error("no address");
	const stop = () => {
		server.close();
		server.closeAllConnections();
	};
	return { origin: `http://${host}:${address.port}`, stop };
}

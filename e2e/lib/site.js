// Somebody's site: pages on an origin of their own.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { run } from "./process.js";

/** @typedef {{ cert: Buffer, key: Buffer }} Certificate */

/**
 * Makes a certificate of one's own for 127.0.0.1, as cert.pem and key.pem.
 * @param {string} folder
 * @returns {Promise<Certificate & { files: { cert: string, key: string } }>}
 */
export async function certify(folder) {
	const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
	const made = await run("openssl", [
		..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(" "),
		...["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
		...["-keyout", files.key, "-out", files.cert],
	]);
	if (made.code !== 0) throw new Error(made.stderr);
	return { cert: readFileSync(files.cert), key: readFileSync(files.key), files };
}

/**
 * Serves pages and scripts on a free port, compressed as sites do it.
 * @param {Record<string, string>} files by path; those that end in .js are scripts
 * @param {{ tls?: Certificate, policy?: string }} [options] policy: Content-Security-Policy
 * @returns {Promise<{ origin: string, stop: () => void }>}
 */
export async function startSite(files, { tls, policy } = {}) {
	/** @type {import("node:http").RequestListener} */
	const answer = (request, response) => {
		const path = (request.url ?? "/").split("?")[0];
		const text = files[path];
		if (text === undefined) return response.writeHead(404).end();
		const type = path.endsWith(".js") ? "text/javascript" : "text/html";
		response.writeHead(200, {
			"content-type": `${type}; charset=utf-8`,
			"content-encoding": "gzip",
			...(policy ? { "content-security-policy": policy } : {}),
		});
		response.end(gzipSync(text));
	};
	const server = tls ? createSecureServer(tls, answer) : createServer(answer);
	await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
	const address = server.address();
	if (!address || typeof address === "string") throw new Error("no address");
	const stop = () => {
		server.close();
		server.closeAllConnections();
	};
	return { origin: `${tls ? "https" : "http"}://127.0.0.1:${address.port}`, stop };
}

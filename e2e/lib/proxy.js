// A reverse proxy as many people put one in front: it serves the daemon below a path
// of its own, and takes that path off before it passes a request on.

import { createServer, request } from "node:http";
import { createServer as createSecureServer } from "node:https";

/**
 * Starts a proxy on a free port; resolves with its origin, a function that stops it, and
 * `refuse`, which cuts off all WebSockets and takes no new ones until it is called again.
 * @param {number} port where the daemon is
 * @param {string} prefix as in "/tv"
 * @param {import("./site.js").Certificate} [tls]
 * @returns {Promise<{ origin: string, port: number, stop: () => void,
 *   refuse: (isRefusing: boolean) => void }>}
 */
export async function startProxy(port, prefix, tls) {
	const scheme = tls ? "https" : "http";
	const inner = (/** @type {string | undefined} */ url) => (url ?? "").slice(prefix.length) || "/";
	const options = (/** @type {import("node:http").IncomingMessage} */ from) => ({
		...{ host: "127.0.0.1", port, path: inner(from.url), method: from.method },
		headers: { ...from.headers, "x-forwarded-for": "198.51.100.7", "x-forwarded-proto": scheme },
	});
	/** @type {import("node:http").RequestListener} */
	const answer = (from, to) => {
		if (!from.url?.startsWith(`${prefix}/`)) {
			to.writeHead(404).end();
			return;
		}
		const onward = request(options(from), (answered) => {
			to.writeHead(answered.statusCode ?? 502, answered.headers);
			answered.pipe(to);
		});
		onward.on("error", () => to.destroy());
		to.on("close", () => onward.destroy());
		from.pipe(onward);
	};
	const server = tls ? createSecureServer(tls, answer) : createServer(answer);
	/** @type {Set<import("node:stream").Duplex>} */
	const sockets = new Set();
	let isRefusing = false;
	const refuse = (/** @type {boolean} */ value) => {
		isRefusing = value;
		if (value) for (const socket of sockets) socket.destroy();
	};
	server.on("upgrade", (from, socket, head) => {
		if (isRefusing) return socket.end("HTTP/1.1 503 Service Unavailable\r\n\r\n");
		sockets.add(socket);
		socket.on("close", () => sockets.delete(socket));
		const onward = request(options(from));
		onward.on("error", () => socket.destroy());
		onward.on("upgrade", (answer, far) => {
			const lines = answer.rawHeaders.flatMap((name, i, all) =>
				i % 2 ? [] : `${name}: ${all[i + 1]}`,
			);
			socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`);
			far.write(head);
			far.pipe(socket).pipe(far);
			for (const end of [far, socket]) end.on("error", () => {});
		});
		onward.end();
	});
	await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
	const address = server.address();
	if (!address || typeof address === "string") throw new Error("no address");
	const stop = () => {
		server.close();
		server.closeAllConnections();
	};
	return { origin: `${scheme}://127.0.0.1:${address.port}`, port: address.port, stop, refuse };
}

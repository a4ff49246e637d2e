// A proxy in front of another server, which counts what is asked of it.

import { createServer, request } from "node:http";

const isMedia = /\.(ts|m4s|mp4|aac)$/;

/**
 * Starts it on a free port before a server on this machine.
 * @param {number} port of that server
 */
export async function counting(port) {
	/** @type {Record<string, number>} how often each file was sent, by its path and range */
	const sent = {};
	const server = createServer((from, to) => {
		const { url: path, method, headers } = from;
		const onward = request({ host: "127.0.0.1", port, path, method, headers }, (answer) => {
			const name = `${path?.split("?")[0]} ${headers.range ?? ""}`.trim();
			if (answer.statusCode === 200 || answer.statusCode === 206)
				sent[name] = (sent[name] ?? 0) + 1;
			to.writeHead(answer.statusCode ?? 502, answer.headers);
			answer.pipe(to);
		});
		onward.on("error", () => to.destroy());
		to.on("close", () => onward.destroy());
		from.pipe(onward);
	});
	await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
	const address = server.address();
	if (!address || typeof address === "string") throw new Error("no address");
	return {
		origin: `http://127.0.0.1:${address.port}`,
		/** Requests for media, init segments not counted, and for how many different pieces. */
		media() {
			const all = Object.entries(sent).filter(
				([name]) => isMedia.test(name.split(" ")[0]) && !/init/.test(name),
			);
			return { files: all.length, requests: all.reduce((sum, [, n]) => sum + n, 0) };
		},
		async stop() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(() => resolve(undefined)));
		},
	};
}

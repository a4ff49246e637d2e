// The daemon under test: bin/liverelay with a configuration of its own, on free ports.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as http } from "node:http";
import { request as https } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually, Process } from "./process.js";

export const root = fileURLToPath(new URL("../../", import.meta.url));
export const binary = process.env.LIVERELAY ?? join(root, "bin/liverelay");

/** The key of the stream `demo`. */
export const key = "the-key-of-the-end-to-end-tests";

/** @returns {Promise<number>} a TCP port that was free a moment ago */
export function freePort() {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.once("error", reject);
		server.listen(0, "127.0.0.1", () => {
			const address = server.address();
			server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
		});
	});
}

/**
 * @typedef {object} DaemonOptions
 * @property {string[] | null} [renditions] the ladder's rungs; null for none
 * @property {string} [host] where it listens and what viewers call it
 * @property {Record<string, unknown>} [config] merged over the rest
 * @property {(ports: Ports, folder: string) => Promise<Record<string, unknown>>} [beforeStart]
 *   makes what the configuration needs, and returns more of it
 * @property {{ http: string, rtmp: string }} [scheme] with a certificate: https, rtmps
 */

const configFile = "liverelay.yaml";

/** @param {string} folder */
const launch = (folder) => new Process(binary, ["run", "--config", join(folder, configFile)]);

/** A running daemon with one stream, `demo`. */
export class Daemon {
	/**
	 * @param {{ process: Process, ports: Ports, host: string, folder: string,
	 *   scheme?: { http: string, rtmp: string } }} parts
	 */
	constructor({ process, ports, host, folder, scheme = { http: "http", rtmp: "rtmp" } }) {
		this.process = process;
		this.ports = ports;
		this.folder = folder;
		this.origin = `${scheme.http}://${host}:${ports.http}`;
		this.watch = `${this.origin}/live/demo`;
		this.playlist = `${this.watch}/index.m3u8`;
		this.server = `${scheme.rtmp}://${host}:${ports.rtmp}/live`;
		this.rtmp = `${this.server}/${key}`;
	}

	/**
	 * Starts the daemon and waits until it is ready.
	 * @param {DaemonOptions} [options]
	 */
	static async start(options = {}) {
		const host = options.host ?? "127.0.0.1";
		const ports = await choosePorts();
		const folder = mkdtempSync(join(tmpdir(), "liverelay-e2e-"));
		// JSON is YAML.
		const config = {
			...configuration(host, ports, folder, options),
			...(await options.beforeStart?.(ports, folder)),
		};
		writeFileSync(join(folder, configFile), JSON.stringify(config, null, 2));
		const process = launch(folder);
		const daemon = new Daemon({ process, ports, host, folder, scheme: options.scheme });
		await daemon.#untilReady();
		return daemon;
	}

	async #untilReady() {
		try {
			await eventually("the daemon is ready", () => this.ready());
		} catch (error) {
			await this.stop();
			throw new Error(`${error}\n${this.process.log}`);
		}
	}

	/** Ends the daemon as a crash does, with nothing said and nothing written. */
	async crash() {
		this.process.child.kill("SIGKILL");
		await this.process.ended;
	}

	/** Starts it again on what it left, after a crash or an end. */
	async again() {
		await this.process.stop();
		this.process = launch(this.folder);
		await this.#untilReady();
	}

	async ready() {
		if (!this.process.running) throw new Error("the daemon has ended");
		return (await this.get("/readyz")).ok;
	}

	/**
	 * Asks whether a path is there; takes any certificate, for the test made it itself.
	 * @param {string} path
	 * @returns {Promise<{ ok: boolean }>}
	 */
	get(path) {
		const request = this.origin.startsWith("https") ? https : http;
		return new Promise((resolve, reject) => {
			const options = { rejectUnauthorized: false, agent: false };
			const asked = request(this.origin + path, options, (response) => {
				response.resume();
				resolve({ ok: response.statusCode === 200 });
			});
			asked.on("error", reject);
			asked.end();
		});
	}

	/** Waits until the multivariant playlist is served. @param {number} [milliseconds] */
	live(milliseconds = 20_000) {
		return eventually(
			"the stream is live",
			async () => (await this.get("/live/demo/index.m3u8")).ok,
			milliseconds,
		).catch((error) => {
			throw new Error(`${error}\n${this.process.log}`);
		});
	}

	async stop() {
		const code = await this.process.stop();
		rmSync(this.folder, { recursive: true, force: true });
		return code;
	}
}

/** @typedef {{ http: number, rtmp: number, stun: number, metrics: number }} Ports */

/** @returns {Promise<Ports>} */
async function choosePorts() {
	const [http, rtmp, stun, metrics] = await Promise.all([1, 2, 3, 4].map(freePort));
	return { http, rtmp, stun, metrics };
}

/**
 * @param {string} host
 * @param {Ports} ports
 * @param {string} folder
 * @param {DaemonOptions} options
 */
function configuration(host, ports, folder, options) {
	const renditions = options.renditions === undefined ? ["240p"] : (options.renditions ?? []);
	return {
		log: { level: "debug", format: "json" },
		data: join(folder, "data"),
		http: { address: `${host}:${ports.http}` },
		rtmp: { address: `${host}:${ports.rtmp}` },
		rtsp: { address: "" },
		stun: { address: `${host}:${ports.stun}` },
		metrics: { address: `127.0.0.1:${ports.metrics}` },
		ladder: { renditions, source: "auto", audio_only: true },
		streams: { demo: { key, title: "The demonstration" } },
		...options.config,
	};
}

// The real MediaMTX, where there is one: MEDIAMTX names its program. It is no package of
// Debian's, and is not part of this repository.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, Process } from "./process.js";
import { freePort } from "./upstream.js";

export const mediamtx = process.env.MEDIAMTX;

export class MediaMTX {
	/** @param {{ process: Process, folder: string, hls: number, rtsp: number, rtmp: number }} parts */
	constructor({ process, folder, hls, rtsp, rtmp }) {
		this.process = process;
		this.folder = folder;
		this.ports = { hls, rtsp, rtmp };
		this.rtmp = `rtmp://127.0.0.1:${rtmp}/demo`;
		this.rtsp = `rtsp://127.0.0.1:${rtsp}/demo`;
		this.hls = `http://127.0.0.1:${hls}/demo`;
	}

	/** @param {Record<string, unknown>} [path] settings of the path `demo` */
	static async start(path = {}) {
		const [hls, rtsp, rtmp] = await Promise.all([freePort(), freePort(), freePort()]);
		const folder = mkdtempSync(join(tmpdir(), "liverelay-mediamtx-"));
		const config = {
			...{ logLevel: "info", srt: false, webrtc: false, playback: false, api: false },
			...{ rtspTransports: ["tcp"], rtspAddress: `127.0.0.1:${rtsp}` },
			rtmpAddress: `127.0.0.1:${rtmp}`,
			...{ hlsAddress: `127.0.0.1:${hls}`, hlsAlwaysRemux: true },
			paths: { demo: path },
		};
		const file = join(folder, "mediamtx.yml");
		writeFileSync(file, JSON.stringify(config)); // JSON is YAML
		const process = new Process(/** @type {string} */ (mediamtx), [file], { cwd: folder });
		const server = new MediaMTX({ process, folder, hls, rtsp, rtmp });
		await eventually("MediaMTX answers", async () => (await fetch(server.hls)).status > 0).catch(
			(error) => {
				throw new Error(`${error}\n${process.log}`);
			},
		);
		return server;
	}

	/** Waits until somebody publishes. */
	live() {
		return eventually(
			"MediaMTX has HLS",
			async () => (await fetch(`${this.hls}/index.m3u8`)).ok,
			20_000,
		).catch((error) => {
			throw new Error(`${error}\n${this.process.log}`);
		});
	}

	async stop() {
		await this.process.stop();
		rmSync(this.folder, { recursive: true, force: true });
	}
}

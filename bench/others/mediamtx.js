// MediaMTX beside ours, when MEDIAMTX names its binary: low-latency HLS by its defaults, but
// for parts of 250 ms and 12 segments, as ours has them.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../e2e/lib/daemon.js";
import { eventually, Process } from "../../e2e/lib/process.js";

/** Where its binary is; undefined without it. */
export const binary = process.env.MEDIAMTX;

/** Starts it. */
export async function startMediaMTX() {
	const folder = mkdtempSync(join(tmpdir(), "liverelay-mediamtx-"));
	const [rtmp, hls] = [await freePort(), await freePort()];
	const config = join(folder, "mediamtx.yml");
	writeFileSync(
		config,
		["rtsp", "webrtc", "srt", "moq"].map((other) => `${other}: no\n`).join("") +
			`logLevel: warn
rtmpAddress: 127.0.0.1:${rtmp}
hlsAddress: 127.0.0.1:${hls}
hlsAlwaysRemux: yes
hlsPartDuration: 250ms
hlsSegmentCount: 12
paths: {all_others: {}}
`,
	);
	const server = new Process(binary ?? "mediamtx", [config]);
	const playlist = `http://127.0.0.1:${hls}/live/demo/index.m3u8`;
	return {
		server,
		playlist,
		rtmp: `rtmp://127.0.0.1:${rtmp}/live/demo`,
		/** Waits until it serves what is pushed to it. */
		live: () =>
			eventually("MediaMTX serves", async () => (await fetch(playlist)).ok).catch((error) => {
				throw new Error(`${error}\n${server.log}`);
			}),
		async stop() {
			await server.stop();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

// Plain HLS as most servers have it: segments of 2 s by ffmpeg, behind nginx; MPEG-TS, or
// fMP4 with a multivariant playlist.

import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../e2e/lib/daemon.js";
import { eventually, Process } from "../../e2e/lib/process.js";
import { Publisher } from "../../e2e/lib/publisher.js";

const segment = 2;

/** @param {string} folder @param {number} port */
const configuration = (folder, port) => `
user root;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events {}
http {
	access_log off;
	client_body_temp_path ${folder}/body;
	proxy_temp_path ${folder}/proxy;
	fastcgi_temp_path ${folder}/fastcgi;
	uwsgi_temp_path ${folder}/uwsgi;
	scgi_temp_path ${folder}/scgi;
	types {
		application/vnd.apple.mpegurl m3u8;
		video/mp2t ts;
		video/mp4 mp4 m4s;
	}
	server {
		listen 127.0.0.1:${port};
		root ${folder}/hls;
		add_header Access-Control-Allow-Origin *;
		location ~ m3u8$ {
			add_header Access-Control-Allow-Origin *;
			add_header Cache-Control no-cache;
		}
	}
}
`;

const fragmented = [
	..."-hls_segment_type fmp4 -master_pl_name index.m3u8 -flags +global_header".split(" "),
];

/**
 * Starts it, and waits for some segments.
 * @param {{ fmp4?: boolean, source?: Partial<import("../../e2e/lib/publisher.js").PublisherOptions> }} [options]
 */
export async function startPlain({ fmp4 = false, source: wished = {} } = {}) {
	const folder = mkdtempSync(join(tmpdir(), "liverelay-plain-"));
	const port = await freePort();
	const config = join(folder, "nginx.conf");
	writeFileSync(config, configuration(folder, port));
	mkdirSync(join(folder, "hls"));
	const nginx = new Process("nginx", ["-p", folder, "-c", config, "-g", "daemon off;"]);
	const flags = "delete_segments+independent_segments+program_date_time";
	const source = new Publisher({
		...{ url: "", width: 426, height: 240, bitrate: "500k", audioBitrate: "64k" },
		...wished,
		output: [
			...["-f", "hls", "-hls_time", String(segment), "-hls_list_size", "8"],
			...["-hls_flags", flags, ...(fmp4 ? fragmented : [])],
			join(folder, "hls", fmp4 ? "video.m3u8" : "index.m3u8"),
		],
	}).start();
	const stop = async () => {
		await source.stop();
		await nginx.stop();
		rmSync(folder, { recursive: true, force: true });
	};
	const segments = () =>
		readdirSync(join(folder, "hls")).filter((name) => /\.(ts|m4s)$/.test(name));
	const playlist = `http://127.0.0.1:${port}/index.m3u8`;
	try {
		await eventually("plain HLS", async () => segments().length > 4 && (await fetch(playlist)).ok);
	} catch (error) {
		const log = source.ffmpeg.log + nginx.log;
		await stop();
		throw new Error(`${error}\n${log}`);
	}
	/** Media bytes a second, of the segments that are listed. */
	const rate = () => {
		const text = readFileSync(join(folder, "hls/index.m3u8"), "utf8");
		let [bytes, seconds] = [0, 0];
		for (const [, duration, name] of text.matchAll(/#EXTINF:([\d.]+),.*\n(?:#.*\n)*(.+\.ts)/g)) {
			bytes += statSync(join(folder, "hls", name)).size;
			seconds += Number(duration);
		}
		return bytes / seconds;
	};
	return { playlist, port, rate, stop };
}

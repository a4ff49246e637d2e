// Servers that people run already, as liverelay attaches to them: Debian's nginx, with
// HLS that ffmpeg writes or that its RTMP module cuts.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, Process } from "./process.js";

/** @returns {Promise<number>} */
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

/** nginx with a folder of HLS, and an RTMP application that fills another one. */
export class Nginx {
	/** @param {{ process: Process, folder: string, http: number, rtmp: number }} parts */
	constructor({ process, folder, http, rtmp }) {
		this.process = process;
		this.folder = folder;
		/** where a packager writes to */
		this.hls = join(folder, "www/hls");
		this.origin = `http://127.0.0.1:${http}`;
		this.ports = { http, rtmp };
	}

	/**
	 * push: where the RTMP module sends on to; onPublish: whom it asks.
	 * @param {{ push?: string, onPublish?: string }} [options]
	 */
	static async start(options = {}) {
		const [http, rtmp] = await Promise.all([freePort(), freePort()]);
		const folder = mkdtempSync(join(tmpdir(), "liverelay-nginx-"));
		mkdirSync(join(folder, "www/hls"), { recursive: true });
		mkdirSync(join(folder, "www/module"), { recursive: true });
		writeFileSync(join(folder, "nginx.conf"), configuration(folder, http, rtmp, options));
		const nginx = new Nginx({ process: launch(folder), folder, http, rtmp });
		await nginx.ready();
		return nginx;
	}

	ready() {
		return eventually("nginx answers", async () => (await fetch(`${this.origin}/`)).status > 0);
	}

	/** Ends it, as a crash does: its folder stays. */
	async kill() {
		await this.process.stop();
	}

	/** Starts it again on the same ports. */
	async again() {
		this.process = launch(this.folder);
		await this.ready();
	}

	/**
	 * How often each file was sent, by its name.
	 * @returns {Record<string, number>}
	 */
	sent() {
		/** @type {Record<string, number>} */
		const counts = {};
		const file = join(this.folder, "access.log");
		for (const line of existsSync(file) ? readFileSync(file, "utf8").split("\n") : []) {
			const [status, path] = line.split(" ");
			if (status === "200" || status === "206") counts[path] = (counts[path] ?? 0) + 1;
		}
		return counts;
	}

	/** Requests for media, and for how many different files they were. */
	media() {
		const files = Object.entries(this.sent()).filter(([path]) => /\.(ts|m4s|mp4)$/.test(path));
		return { files: files.length, requests: files.reduce((sum, [, n]) => sum + n, 0) };
	}

	async stop() {
		await this.process.stop();
		rmSync(this.folder, { recursive: true, force: true });
	}
}

/** @param {string} folder */
function launch(folder) {
	return new Process("nginx", ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", "stderr"], {
		env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
	});
}

/**
 * @param {string} folder
 * @param {number} http
 * @param {number} rtmp
 * @param {{ push?: string, onPublish?: string }} options
 */
function configuration(folder, http, rtmp, { push, onPublish }) {
	const user = process.getuid?.() === 0 ? "user root;" : "";
	return `${user}
daemon off;
worker_processes 1;
pid ${folder}/pid;
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
events { worker_connections 256; }
http {
	log_format short '$status $uri';
	access_log ${folder}/access.log short;
	client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
	fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
	types { application/vnd.apple.mpegurl m3u8; video/mp2t ts; video/mp4 mp4 m4s; application/json json; }
	server {
		listen 127.0.0.1:${http};
		root ${folder}/www;
		add_header Cache-Control no-cache;
	}
}
rtmp {
	access_log off;
	server {
		listen 127.0.0.1:${rtmp};
		application live {
			live on;
			hls on;
			hls_path ${folder}/www/module;
			hls_fragment 2s;
			hls_playlist_length 12s;
			${push ? `push ${push};` : ""}
			${onPublish ? `on_publish ${onPublish};` : ""}
		}
	}
}
`;
}

/** What ffmpeg's muxer is told for HLS in \`folder\`. */
export const packager = {
	/** Other names and numbers than the others have. @param {string} folder */
	renamed: (folder) => [
		..."-f hls -hls_time 2 -hls_list_size 6 -hls_flags delete_segments+temp_file".split(" "),
		..."-start_number 4000 -hls_segment_filename".split(" "),
		join(folder, "renamed-%d.ts"),
		join(folder, "index.m3u8"),
	],
	/** MPEG-TS, two seconds a segment. @param {string} folder */
	ts: (folder) => [
		..."-f hls -hls_time 2 -hls_list_size 6 -hls_flags delete_segments+temp_file".split(" "),
		join(folder, "index.m3u8"),
	],
	/** Fragmented MP4. @param {string} folder */
	fmp4: (folder) => [
		..."-f hls -hls_time 2 -hls_list_size 6 -hls_segment_type fmp4".split(" "),
		..."-hls_flags delete_segments+temp_file+program_date_time".split(" "),
		join(folder, "index.m3u8"),
	],
	/** All segments in one file, by byte ranges; it never counts its first segment. @param {string} folder */
	ranges: (folder) => [
		..."-f hls -hls_time 2 -hls_list_size 6 -hls_flags single_file".split(" "),
		join(folder, "index.m3u8"),
	],
	/** A list that only grows. @param {string} folder */
	event: (folder) => [
		..."-f hls -hls_time 2 -hls_playlist_type event -hls_flags temp_file".split(" "),
		join(folder, "index.m3u8"),
	],
	/** AES-128, the key beside the playlist. @param {string} folder @param {string} origin */
	encrypted: (folder, origin) => {
		writeFileSync(join(folder, "key.bin"), Buffer.from("0123456789abcdef"));
		const info = join(folder, "key.info");
		writeFileSync(info, `${origin}/hls/key.bin\n${join(folder, "key.bin")}\n`);
		return [
			..."-f hls -hls_time 2 -hls_list_size 6 -hls_flags delete_segments+temp_file".split(" "),
			...["-hls_key_info_file", info, join(folder, "index.m3u8")],
		];
	},
};

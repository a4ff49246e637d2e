// Viewers: pages in a real Chromium, each in a context of its own, as people have
// browsers of their own. (A context has six HTTP/1.1 connections to an origin.)

import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import puppeteer from "puppeteer-core";
import { cells, decode, rowShare } from "./clock.js";
import { summary } from "./figures.js";
import { countPlayed, observe } from "./page.js";
import { eventually } from "./process.js";

/** @typedef {import("playwright-core").Browser} Browser */
/** @typedef {import("playwright-core").Page} Page */
/**
 * The player's statistics (docs: the element's read-only `stats`).
 * @typedef {{ version: string, state: string, latency: number, buffer: number, stalls: number,
 *   stalledSeconds: number, joinSeconds: number, rendition: string, peers: number,
 *   httpBytes: number, p2pBytes: number, uploadedBytes: number, requests: number,
 *   playlistRequests: number, httpParts: number, p2pParts: number, rejectedChunks: number }} Stats
 */

/**
 * Starts Chromium without a window.
 * @param {{ flags?: string[], prefix?: string[] }} [options] prefix is a command that runs it
 */
export function startBrowser(options = {}) {
	const program = process.env.CHROMIUM ?? "/usr/bin/chromium";
	return chromium.launch({
		executablePath: options.prefix ? wrapped(program, options.prefix) : program,
		headless: true,
		args: [
			"--no-sandbox",
			"--disable-gpu",
			"--disable-quic",
			"--no-first-run",
			"--disable-background-networking",
			"--disable-component-update",
			"--disable-sync",
			"--disable-dev-shm-usage",
			"--autoplay-policy=no-user-gesture-required",
			// Many pages at once: none is a background page.
			"--disable-backgrounding-occluded-windows",
			"--disable-renderer-backgrounding",
			"--disable-background-timer-throttling",
			// Peers that share one loopback; it also needs the permissions below.
			"--allow-loopback-in-peer-connection",
			...(options.flags ?? []),
		],
	});
}

/** Starts Firefox without a window; puppeteer speaks to it. */
export function startFirefox() {
	return puppeteer.launch({
		browser: "firefox",
		executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
		headless: true,
		extraPrefsFirefox: {
			"media.autoplay.default": 0,
			"media.peerconnection.ice.loopback": true,
			"media.peerconnection.ice.obfuscate_host_addresses": false,
		},
	});
}

/**
 * A script that runs program under prefix, for there is one executable to name.
 * @param {string} program
 * @param {string[]} prefix
 */
function wrapped(program, prefix) {
	const script = join(mkdtempSync(join(tmpdir(), "liverelay-chromium-")), "chromium");
	writeFileSync(script, `#!/bin/sh\nexec ${prefix.join(" ")} ${program} "$@"\n`);
	chmodSync(script, 0o755);
	return script;
}

/** One page with a player. */
export class Viewer {
	/** @param {Page} page */
	constructor(page) {
		this.page = page;
		/** @type {string[]} what the page complained of */
		this.complaints = [];
		page.on("console", (message) => {
			if (message.type() === "error" || message.type() === "warning") {
				this.complaints.push(message.text());
			}
		});
		page.on("pageerror", (error) => this.complaints.push(String(error)));
	}

	/**
	 * Opens url in a context of its own.
	 * @param {Browser} browser
	 * @param {string} url
	 * @param {(() => void) | (() => void)[]} [scripts] run in the page before all else
	 * @param {{ width: number, height: number }} [viewport]
	 */
	static async open(browser, url, scripts = [], viewport = { width: 960, height: 620 }) {
		const context = await browser.newContext({ viewport });
		const { origin, protocol, hostname } = new URL(url);
		// Other places are no secure context: there is no such permission to be had.
		if (protocol === "https:" || hostname === "127.0.0.1") {
			await context.grantPermissions(["microphone", "camera"], { origin });
		}
		await context.addInitScript(countPlayed);
		for (const script of [scripts].flat()) await context.addInitScript(script);
		const viewer = new Viewer(await context.newPage());
		await viewer.page.goto(url, { waitUntil: "domcontentloaded" });
		return viewer;
	}

	/** @returns {Promise<Stats>} */
	stats() {
		return this.page.evaluate(() => {
			const player = /** @type {any} */ (document.querySelector("live-relay"));
			return JSON.parse(JSON.stringify(player.stats));
		});
	}

	/**
	 * Waits until pictures move.
	 * @param {number} [milliseconds]
	 */
	async plays(milliseconds = 30_000) {
		const moving = () => {
			const player = document.querySelector("live-relay");
			const video = player?.shadowRoot?.querySelector("video") ?? document.querySelector("video");
			return video && !video.paused && video.currentTime > 0.5 && video.videoWidth > 0;
		};
		try {
			await this.page.waitForFunction(moving, undefined, { timeout: milliseconds, polling: 200 });
		} catch {
			const stats = await this.stats().catch(() => this.#trouble());
			throw new Error(
				`no moving picture within ${milliseconds} ms: ${JSON.stringify(stats)}\n${this.complaints.join("\n")}`,
			);
		}
	}

	/**
	 * The frame that has the player, once it plays. A page doesn't wait for what its frames load: the
	 * element may stand there before it is one.
	 */
	async frame() {
		const frame = await eventually("a frame has a player", async () => {
			for (const one of this.page.frames())
				if ((await one.locator("live-relay").count()) > 0) return one;
			return null;
		});
		await frame.waitForFunction(() => {
			const player = /** @type {any} */ (document.querySelector("live-relay"));
			return player?.stats?.state === "playing";
		});
		return frame;
	}

	/** What a page of another player says of itself. */
	#trouble() {
		return this.page.evaluate(() => {
			const { readyState, currentTime } = document.querySelector("video") ?? {};
			return { trouble: /** @type {any} */ (window).trouble, readyState, currentTime };
		});
	}

	/**
	 * Seconds of media that were played since the page was opened.
	 * @returns {Promise<number>}
	 */
	playedSeconds() {
		return this.page.evaluate(() => /** @type {any} */ (window).playedSeconds);
	}

	/** Begins to read the clock in one of so many pictures. @param {number} [every] */
	async observe(every = 4) {
		await this.page.evaluate(observe, { cells, rowShare, every });
	}

	/** What was seen since observe: latency in seconds, breaks in the playback. */
	async observed() {
		const seen = await this.page.evaluate(() => /** @type {any} */ (window).observed);
		/** @type {number[]} */
		const latencies = [];
		for (const sample of seen.samples) {
			const made = decode(sample.cells, sample.at);
			if (made !== null) latencies.push((sample.at - made) / 1000);
		}
		return {
			frames: seen.frames,
			height: seen.height,
			unread: seen.samples.length - latencies.length,
			latency: summary(latencies),
			/** of pictures; the project's definition is of the playhead: `stands` */
			stalls: seen.breaks.length,
			/** @type {import("./record.js").Stand[]} */
			stands: seen.stands,
			breaks: seen.breaks.map((/** @type {{ seconds: number }} */ b) => b.seconds),
		};
	}

	/** @param {string} path a PNG file */
	async screenshot(path) {
		await this.page.screenshot({ path });
	}

	async close() {
		await this.page.context().close();
	}
}

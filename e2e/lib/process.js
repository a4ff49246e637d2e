// Child processes that a test starts: each is remembered, and ended by its id.

import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const keptLog = 1 << 20;

/** One program that the suite started, with what it printed. */
export class Process {
	#log = "";
	#waiting = new Set();

	/**
	 * @param {string} command
	 * @param {string[]} args
	 * @param {import("node:child_process").SpawnOptions} [options]
	 */
	constructor(command, args, options = {}) {
		this.name = command.split("/").pop() ?? command;
		this.child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
		/** @type {Promise<number | null>} the exit code; null after a signal */
		this.ended = new Promise((resolve) => {
			this.child.once("error", (error) => {
				this.#take(`${this.name}: ${error.message}\n`);
				resolve(-1);
			});
			this.child.once("exit", (code) => resolve(code));
		});
		this.child.stdout?.on("data", (data) => this.#take(String(data)));
		this.child.stderr?.on("data", (data) => this.#take(String(data)));
	}

	/** What the program printed so far, its last mebibyte. */
	get log() {
		return this.#log;
	}

	get pid() {
		return this.child.pid ?? 0;
	}

	get running() {
		return this.child.exitCode === null && this.child.signalCode === null && this.pid > 0;
	}

	/** @param {string} text */
	#take(text) {
		this.#log = (this.#log + text).slice(-keptLog);
		for (const check of this.#waiting) check();
	}

	/**
	 * Resolves with the match when the program has printed it.
	 * @param {RegExp} pattern
	 * @param {number} [milliseconds]
	 * @returns {Promise<RegExpMatchArray>}
	 */
	prints(pattern, milliseconds = 15_000) {
		return new Promise((resolve, reject) => {
			const finish = () => {
				clearTimeout(timer);
				this.#waiting.delete(check);
			};
			const check = () => {
				const match = this.#log.match(pattern);
				if (!match) return;
				finish();
				resolve(match);
			};
			const fail = (/** @type {string} */ why) => {
				finish();
				reject(new Error(`${this.name}: ${why} before it printed ${pattern}\n${this.#log}`));
			};
			const timer = setTimeout(() => fail("time was up"), milliseconds);
			this.#waiting.add(check);
			this.ended.then((code) => fail(`ended with ${code}`));
			check();
		});
	}

	/** Asks the program to end, insists after a while, and resolves with its exit code. */
	async stop() {
		if (this.running) {
			this.child.kill("SIGTERM");
			const insist = setTimeout(() => this.child.kill("SIGKILL"), 8_000);
			await this.ended;
			clearTimeout(insist);
		}
		return this.ended;
	}

	/** Processor time used so far, in seconds, without children, and resident memory in bytes. */
	usage() {
		const fields = readFileSync(`/proc/${this.pid}/stat`, "utf8").split(") ")[1].split(" ");
		const ticks = Number(fields[11]) + Number(fields[12]);
		const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
		const kib = (/** @type {string} */ key) =>
			Number(status.match(new RegExp(`${key}:\\s+(\\d+)`))?.[1] ?? 0);
		return { cpu: ticks / 100, resident: kib("VmRSS") * 1024, peak: kib("VmHWM") * 1024 };
	}
}

/**
 * Runs a program to its end.
 * @param {string} command
 * @param {string[]} args
 * @param {{ input?: Buffer | string, cwd?: string, timeout?: number }} [options]
 * @returns {Promise<{ code: number | null, stdout: Buffer, stderr: string }>}
 */
export function run(command, args, options = {}) {
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, { cwd: options.cwd, timeout: options.timeout ?? 60_000 });
		/** @type {Buffer[]} */
		const out = [];
		let stderr = "";
		child.stdout.on("data", (data) => out.push(data));
		child.stderr.on("data", (data) => {
			stderr += data;
		});
		child.once("error", reject);
		child.once("close", (code) => resolve({ code, stdout: Buffer.concat(out), stderr }));
		child.stdin.on("error", () => {}); // a program may end before it has read all
		child.stdin.end(options.input);
	});
}

/**
 * The ids of the ffmpegs that encode a ladder for a daemon.
 * @param {number} daemon its process id
 */
export function encoders(daemon) {
	return readdirSync("/proc")
		.filter((entry) => /^\d+$/.test(entry))
		.filter((entry) => {
			try {
				const parent = readFileSync(`/proc/${entry}/stat`, "utf8").split(") ")[1].split(" ")[1];
				return (
					Number(parent) === daemon &&
					readFileSync(`/proc/${entry}/cmdline`, "utf8").includes("libx264")
				);
			} catch {
				return false; // it has ended meanwhile
			}
		})
		.map(Number);
}

/** @param {number} milliseconds */
export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Polls until check answers something true, and resolves with it.
 * @template T
 * @param {string} what
 * @param {() => T | Promise<T>} check
 * @param {number} [milliseconds]
 * @returns {Promise<NonNullable<T>>}
 */
export async function eventually(what, check, milliseconds = 15_000) {
	const end = Date.now() + milliseconds;
	let last;
	while (Date.now() < end) {
		try {
			const answer = await check();
			if (answer) return answer;
			last = answer;
		} catch (error) {
			last = error;
		}
		await pause(100);
	}
	throw new Error(`not within ${milliseconds} ms: ${what} (last: ${last})`);
}

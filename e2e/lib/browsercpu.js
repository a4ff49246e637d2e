// Processor time of a browser: of all its processes, by what they are.

import { readdirSync, readFileSync } from "node:fs";

/** @param {number} pid @returns {{ parent: number, seconds: number, kind: string } | null} */
function look(pid) {
	try {
		const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
		const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
		const [, type = "browser"] = /--type=(\S+)/.exec(command) ?? [];
		const [, part] = /--utility-sub-type=(\S+?)\.mojom/.exec(command) ?? [];
		const seconds = (Number(fields[11]) + Number(fields[12])) / 100;
		return { parent: Number(fields[1]), seconds, kind: part ?? type };
	} catch {
		return null; // it has just ended
	}
}

/** The processes that descend from one, itself included. @param {number} root */
function family(root) {
	const all = new Map();
	for (const name of readdirSync("/proc")) {
		const found = /^\d+$/.test(name) ? look(Number(name)) : null;
		if (found) all.set(Number(name), found);
	}
	const isOf = (/** @type {number} */ pid) => {
		for (let p = pid; p > 1; p = all.get(p)?.parent ?? 0) if (p === root) return true;
		return false;
	};
	return new Map([...all].filter(([pid]) => isOf(pid)));
}

/** The programs that this one has started and that still run. */
export function children() {
	return readFileSync(`/proc/self/task/${process.pid}/children`, "utf8")
		.trim()
		.split(" ")
		.map(Number);
}

/**
 * Seconds of processor time since it started, by kind of process.
 * @param {number} pid
 * @returns {Record<string, number>}
 */
export function browserTime(pid) {
	/** @type {Record<string, number>} */
	const time = {};
	for (const { kind, seconds } of family(pid).values()) time[kind] = (time[kind] ?? 0) + seconds;
	return time;
}

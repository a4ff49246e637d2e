// Viewers elsewhere: e2e/nat/net.sh makes a little internet around the network namespace
// that this runs in, which must be one of its own.

import { fileURLToPath } from "node:url";
import { run } from "./process.js";

/** Where the daemon listens. */
export const publicAddress = "203.0.113.1";

const script = fileURLToPath(new URL("../nat/net.sh", import.meta.url));

/** @param {(string | number)[]} words */
async function net(...words) {
	const { code, stderr } = await run("bash", [script, ...words.map(String)]);
	if (code !== 0) throw new Error(`net.sh ${words.join(" ")}: ${stderr}`);
}

export class Network {
	/** Homes, each behind a router that masquerades and lets in only answers. @param {number} count */
	static async homes(count) {
		await net("homes", count);
		return new Network("home");
	}

	/** Hosts on lines whose rate can be limited at any time. @param {number} count */
	static async lines(count) {
		await net("lines", count);
		return new Network("line");
	}

	/** @param {string} kind */
	constructor(kind) {
		this.kind = kind;
	}

	/** The command that runs another in a home, or at the end of a line, from 1. @param {number} i */
	inside(i) {
		return ["ip", "netns", "exec", `${this.kind}${i}`];
	}

	/**
	 * Lets no more than so many bit/s through to the end of line i from now on.
	 * @param {number} i
	 * @param {number} rate
	 */
	limit(i, rate) {
		return net("limit", i, Math.round(rate));
	}

	/** Cuts line i, as when somebody leaves their house; until it is mended. @param {number} i */
	cut(i) {
		return net("cut", i);
	}

	/** @param {number} i */
	mend(i) {
		return net("mend", i);
	}

	/** Gives line i another address, as another network does. @param {number} i */
	move(i) {
		return net("move", i);
	}

	remove() {
		return net("down");
	}
}

// Speaks with the page around a frame: player.js's specification (0.0.11), and
// PeerTube's embed API where its words mean the same (docs/player.md).

import { peerTube } from "./remote/peertube.ts";
import { type Answers, type Call, playerJs } from "./remote/playerjs.ts";

/** The element, as far as a page may steer it. */
export interface Steered extends HTMLElement {
	readonly paused: boolean;
	muted: boolean;
	volume: number;
	currentTime: number;
	quality: string;
	readonly qualities: readonly { name: string; label: string; height: number }[];
	readonly stats: { rendition: string; latency: number; state: string };
	play(): Promise<void>;
	pause(): void;
	goLive(): void;
}

/** A way of speaking: answers a message, or undefined when it is none of its own. */
export type Dialect = (message: Call) => Answers | undefined;

/** Longer messages are none of ours. */
const longest = 4096;

/** Answers the page that holds the frame, and no other. */
export function serveRemote(player: Steered, signal: AbortSignal): void {
	const { parent } = window;
	if (parent === window) return;
	// Anybody may frame the player, and nothing that is told here is a secret.
	const send = (message: object) => parent.postMessage(JSON.stringify(message), "*");
	const dialects: Dialect[] = [playerJs(player, send, signal), peerTube(player, send, signal)];
	const receive = ({ source, data }: MessageEvent<unknown>) => {
		if (source !== parent) return;
		const message = parse(data);
		if (message) for (const answer of dialects.flatMap((say) => say(message) ?? [])) send(answer);
	};
	window.addEventListener("message", receive, { signal });
}

function parse(data: unknown): Call | null {
	try {
		const value: unknown =
			typeof data === "string" && data.length <= longest ? JSON.parse(data) : data;
		return typeof value === "object" && value !== null ? { ...value } : null;
	} catch {
		return null;
	}
}

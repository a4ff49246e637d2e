/** What a player says of itself; seconds, bytes and counts since it started. */
export interface Stats {
	/** The player's version. */
	version: string;
	state: State;
	/** Seconds behind the server's clock, by program date time; 0 while unknown. */
	latency: number;
	/** Seconds of media ahead of the playhead. */
	buffer: number;
	stalls: number;
	stalledSeconds: number;
	/** Seconds from opening a live stream to its first picture. */
	joinSeconds: number;
	/** Name of the video rendition that is played. */
	rendition: string;
	/** Viewers that this one is connected to. */
	peers: number;
	httpBytes: number;
	p2pBytes: number;
	uploadedBytes: number;
	requests: number;
	playlistRequests: number;
	httpParts: number;
	p2pParts: number;
	rejectedChunks: number;
}

export type State =
	| "waiting"
	| "starting"
	| "playing"
	| "stalled"
	| "paused"
	| "interrupted"
	| "ended"
	| "error";

export const version = "0.1.0";

export function emptyStats(): Stats {
	return {
		version,
		state: "waiting",
		latency: 0,
		buffer: 0,
		stalls: 0,
		stalledSeconds: 0,
		joinSeconds: 0,
		rendition: "",
		peers: 0,
		httpBytes: 0,
		p2pBytes: 0,
		uploadedBytes: 0,
		requests: 0,
		playlistRequests: 0,
		httpParts: 0,
		p2pParts: 0,
		rejectedChunks: 0,
	};
}

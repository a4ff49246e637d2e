/** Everything that the player says, in one place. */
export const words = {
	connecting: "Connecting",
	starting: "Starting",
	notLive: "Not live yet",
	waiting: "The stream has not begun. It starts here by itself when it does.",
	ended: "The stream has ended",
	again: "If it begins again, it starts here by itself.",
	lost: "Connection lost",
	unreachable: "The server can't be reached. Trying again.",
	unsigned: "What the server sends is not signed as it should be. Trying again.",
	failed: "This stream can't be played",
	wrongKey:
		"It is signed with another key than the one this page expects. Somebody may be pretending to be its author.",
	badKey: "The public key that this page names is not one.",
	unsupported: "This browser can't play live video.",
	broken: "Playback failed:",
	retry: "Try again",
	ready: "Ready",
	play: "Play",
	reconnecting: "Reconnecting",
	behind: "s behind live",
	shared: "from viewers",
} as const;

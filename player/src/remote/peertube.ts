// PeerTube's embed API, as its SDK speaks it: jschannel's messages with the scope
// `peertube`. What has no meaning for a live stream is answered with an error.
import type { Dialect, Steered } from "../remote.ts";
import type { Call } from "./playerjs.ts";

const scope = "peertube::";
/** Milliseconds between two updates of where playback is. */
const updateEvery = 500;

export function peerTube(
	player: Steered,
	send: (message: object) => void,
	signal: AbortSignal,
): Dialect {
	const methods = methodsOf(player);
	const notify = (method: string, params?: unknown) => send({ method: scope + method, params });
	let isHeard = false;
	const begin = () => {
		if (isHeard) return;
		isHeard = true;
		listen(player, notify, signal);
	};
	send({ method: `${scope}__ready`, params: { type: "publish-request", publish: [] } });
	return ({ id, method, params }: Call) => {
		if (typeof method !== "string" || !method.startsWith(scope)) return undefined;
		const name = method.slice(scope.length);
		if (name === "__ready") {
			begin();
			return greeted(method, params);
		}
		if (id === undefined) return [];
		if (!Object.hasOwn(methods, name))
			return [{ id, error: "method_not_found", message: `no method ${name}` }];
		return [{ id, result: methods[name]?.(params) ?? null }];
	};
}

/** The answer to a greeting, in the old form and in the new. */
function greeted(method: string, params: unknown): object[] {
	if (params === "ping") return [{ method, params: "pong" }];
	const { type } = (typeof params === "object" && params ? params : {}) as Call;
	if (type !== "publish-request") return [];
	return [{ method, params: { type: "publish-reply", publish: [] } }];
}

function listen(
	player: Steered,
	notify: (method: string, params?: unknown) => void,
	signal: AbortSignal,
): void {
	const state = () => (player.paused ? "paused" : "playing");
	const on = (name: string, run: () => void) => player.addEventListener(name, run, { signal });
	for (const name of ["play", "pause"])
		on(name, () => {
			notify(name);
			notify("playbackStatusChange", state());
		});
	on("ended", () => notify("playbackStatusChange", "ended"));
	on("volumechange", () => notify("volumeChange", player.muted ? 0 : player.volume));
	on("qualitychange", () => notify("resolutionUpdate", resolutions(player)));
	const timer = setInterval(
		() =>
			notify("playbackStatusUpdate", {
				position: player.currentTime,
				volume: player.muted ? 0 : player.volume,
				duration: "Infinity",
				playbackState: state(),
			}),
		updateEvery,
	);
	signal.addEventListener("abort", () => clearInterval(timer));
}

/** As PeerTube's, with this player's names for ids; -1 is automatic there. */
function resolutions(player: Steered): object[] {
	const { quality, qualities, stats } = player;
	const all = [{ name: "auto", label: "Auto", height: 0 }, ...qualities];
	return all.map(({ name, label, height }) => ({
		id: name === "auto" ? -1 : name,
		label,
		height,
		src: "",
		active: quality === name || (quality === "auto" && stats.rendition === name),
	}));
}

function methodsOf(player: Steered): Record<string, (params: unknown) => unknown> {
	return {
		isReady: () => true,
		play: () => void player.play().catch(() => {}),
		pause: () => player.pause(),
		seek: (seconds) => {
			if (Number.isFinite(seconds)) player.currentTime = Number(seconds);
		},
		isPlaying: () => !player.paused,
		getVolume: () => (player.muted ? 0 : player.volume),
		setVolume: (volume) => {
			player.volume = Number(volume);
			player.muted = player.volume === 0;
		},
		getCurrentTime: () => player.currentTime,
		getResolutions: () => resolutions(player),
		setResolution: (id) => {
			player.quality = id === -1 || id === "-1" ? "auto" : String(id);
		},
		getPlaybackRate: () => 1,
		getPlaybackRates: () => [1],
	};
}

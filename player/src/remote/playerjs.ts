// The specification of player.js, version 0.0.11: JSON with `context: "player.js"`.
import type { Dialect, Steered } from "../remote.ts";

/** A message's fields, whatever they are. */
export type Call = Record<string, unknown>;
export type Answers = readonly object[];

const context = "player.js";
const version = "0.0.11";

const events = ["ready", "play", "pause", "ended", "timeupdate", "seeked", "error"] as const;
type Event = (typeof events)[number];

/** What the player's own events are called there. */
const names: Partial<Record<string, Event>> = { failure: "error" };

/** Listeners that a page may have. */
const mostListeners = 64;

/** Begins to speak it: says that the player is ready. */
export function playerJs(
	player: Steered,
	send: (message: object) => void,
	signal: AbortSignal,
): Dialect {
	const listeners: { event: string; listener: unknown }[] = [];
	const tell = (event: Event, value?: unknown) => {
		for (const { listener } of listeners.filter((l) => l.event === event))
			send(message({ event, value, listener }));
	};
	const methods = methodsOf(player);
	const ready = { src: location.href, events, methods: [...Object.keys(methods), ...listening] };
	for (const name of ["play", "pause", "ended", "timeupdate", "seeked", "failure"])
		player.addEventListener(
			name,
			() => tell(names[name] ?? (name as Event), detailOf(name, player)),
			{ signal },
		);
	send(message({ event: "ready", value: ready }));
	return (call) => {
		if (call.context !== context || typeof call.method !== "string") return undefined;
		const { method, value, listener } = call;
		if (method === "addEventListener") {
			if (typeof value === "string" && listeners.length < mostListeners)
				listeners.push({ event: value, listener });
			// Who asks when it is ready is told, however late.
			return value === "ready" ? [message({ event: "ready", value: ready, listener })] : [];
		}
		if (method === "removeEventListener") {
			const isIt = (l: (typeof listeners)[number]) =>
				l.event === value && (listener === undefined || l.listener === listener);
			listeners.splice(0, listeners.length, ...listeners.filter((l) => !isIt(l)));
			return [];
		}
		if (!Object.hasOwn(methods, method)) return [];
		const result = methods[method]?.(value);
		return result === undefined ? [] : [message({ event: method, value: result, listener })];
	};
}

const listening = ["addEventListener", "removeEventListener"];

const message = (fields: object) => ({ context, version, ...fields });

function detailOf(event: string, player: Steered): unknown {
	if (event !== "timeupdate") return undefined;
	return { seconds: player.currentTime, duration: null };
}

type Method = (value: unknown) => unknown;

function methodsOf(player: Steered): Record<string, Method> {
	return {
		play: () => void player.play().catch(() => {}),
		pause: () => player.pause(),
		getPaused: () => player.paused,
		mute: () => {
			player.muted = true;
		},
		unmute: () => {
			player.muted = false;
		},
		getMuted: () => player.muted,
		setVolume: (value) => {
			player.volume = Number(value) / 100;
		},
		getVolume: () => Math.round(player.volume * 100),
		// A live stream has none: null is what JSON makes of infinity.
		getDuration: () => null,
		setCurrentTime: (value) => {
			if (Number.isFinite(value)) player.currentTime = Number(value);
		},
		getCurrentTime: () => player.currentTime,
		setLoop: () => undefined,
		getLoop: () => false,
	};
}

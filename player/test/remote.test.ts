// The two languages in which a page steers a player in a frame.
import { describe, expect, test } from "vitest";
import { peerTube } from "../src/remote/peertube.ts";
import { playerJs } from "../src/remote/playerjs.ts";
import type { Steered } from "../src/remote.ts";

class Fake extends EventTarget {
	paused = false;
	muted = true;
	volume = 0.5;
	currentTime = 7;
	quality = "auto";
	qualities = [{ name: "720p", label: "720p", height: 720 }];
	stats = { rendition: "720p", latency: 1, state: "playing" };
	async play() {
		this.paused = false;
	}
	pause() {
		this.paused = true;
	}
	goLive() {}
}

function setUp(dialect: typeof playerJs) {
	const sent: object[] = [];
	const player = new Fake();
	const end = new AbortController();
	Object.assign(globalThis, { location: { href: "https://h/embed/demo" } });
	const say = dialect(player as unknown as Steered, (m) => sent.push(m), end.signal);
	return { sent, player, say, end };
}

describe("player.js", () => {
	const call = (method: string, value?: unknown, listener?: string) => ({
		...{ context: "player.js", version: "0.0.11", method, value, listener },
	});

	test("says that it is ready, and again to who asks", () => {
		const { sent, say } = setUp(playerJs);
		expect(sent).toMatchObject([{ context: "player.js", event: "ready" }]);
		expect(say(call("addEventListener", "ready", "a"))).toMatchObject([
			{ event: "ready", listener: "a", value: { src: "https://h/embed/demo" } },
		]);
	});

	test("answers what it is asked", () => {
		const { player, say } = setUp(playerJs);
		expect(say(call("getVolume", undefined, "v"))).toMatchObject([{ value: 50, listener: "v" }]);
		say(call("setVolume", 80));
		say(call("unmute"));
		say(call("setCurrentTime", 3));
		say(call("pause"));
		expect(player).toMatchObject({ volume: 0.8, muted: false, currentTime: 3, paused: true });
		expect(say(call("getPaused"))).toMatchObject([{ event: "getPaused", value: true }]);
		expect(say(call("getDuration"))).toMatchObject([{ value: null }]);
	});

	test("tells listeners, until they leave", () => {
		const { sent, player, say } = setUp(playerJs);
		say(call("addEventListener", "pause", "p"));
		player.dispatchEvent(new Event("pause"));
		expect(sent.at(-1)).toMatchObject({ event: "pause", listener: "p" });
		say(call("removeEventListener", "pause", "p"));
		const before = sent.length;
		player.dispatchEvent(new Event("pause"));
		expect(sent.length).toBe(before);
	});

	test("leaves alone what is none of its own, and survives nonsense", () => {
		const { say } = setUp(playerJs);
		expect(say({ method: "play" })).toBeUndefined();
		expect(say({ context: "player.js", method: 5 })).toBeUndefined();
		expect(say(call("constructor"))).toEqual([]);
		for (let i = 0; i < 1000; i++) say(call("addEventListener", "pause", `${i}`));
		expect(say(call("setCurrentTime", "x"))).toEqual([]);
	});
});

describe("PeerTube's embed API", () => {
	test("shakes hands, then tells what happens", () => {
		const { sent, player, say, end } = setUp(peerTube);
		player.dispatchEvent(new Event("pause"));
		const greeting = { type: "publish-request", publish: [] };
		expect(sent).toEqual([{ method: "peertube::__ready", params: greeting }]);
		expect(say({ method: "peertube::__ready", params: greeting })).toEqual([
			{ method: "peertube::__ready", params: { type: "publish-reply", publish: [] } },
		]);
		expect(say({ method: "peertube::__ready", params: "ping" })).toEqual([
			{ method: "peertube::__ready", params: "pong" },
		]);
		player.paused = true;
		player.dispatchEvent(new Event("pause"));
		expect(sent.slice(1)).toEqual([
			{ method: "peertube::pause" },
			{ method: "peertube::playbackStatusChange", params: "paused" },
		]);
		end.abort();
	});

	test("answers by the number of the question", () => {
		const { player, say, end } = setUp(peerTube);
		const ask = (method: string, params?: unknown) =>
			say({ id: 4, method: `peertube::${method}`, params });
		expect(ask("isReady")).toEqual([{ id: 4, result: true }]);
		ask("setResolution", "720p");
		ask("setVolume", 0);
		expect(player).toMatchObject({ quality: "720p", volume: 0, muted: true });
		ask("setResolution", -1);
		expect(ask("getResolutions")).toMatchObject(
			[
				{
					id: 4,
					result: [
						{ id: -1, active: true },
						{ id: "720p", active: true },
					],
				},
			].map(({ id, result }) => ({ id, result })),
		);
		expect(ask("playNextVideo")).toMatchObject([{ id: 4, error: "method_not_found" }]);
		expect(ask("constructor")).toMatchObject([{ error: "method_not_found" }]);
		expect(say({ id: 1, method: "other::play" })).toBeUndefined();
		end.abort();
	});
});

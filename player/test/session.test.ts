// When a stream is asked for again, after the network was away.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Session } from "../src/session.ts";
import { emptyStats } from "../src/stats.ts";

const src = "http://there/live/demo";

/** A session whose questions are answered as tests say. */
function asking(answer: (signal: AbortSignal) => Promise<Response>) {
	const asked = vi.fn((_: string, { signal }: { signal: AbortSignal }) => answer(signal));
	vi.stubGlobal("fetch", asked);
	const nothing = () => {};
	const session = new Session({
		...{ src, told: "", publicKey: null, stats: emptyStats() },
		mayShare: () => true,
		isSparing: () => false,
		handlers: {
			...{ onWaiting: nothing, onLive: nothing, onGone: nothing },
			...{ onTrouble: nothing, onWrongKey: nothing },
		},
	});
	session.start();
	return { session, asked };
}

describe("a session that is woken", () => {
	beforeEach(() => {
		vi.useFakeTimers();
		vi.stubGlobal("navigator", { onLine: true });
		vi.stubGlobal("location", { origin: "http://there", protocol: "http:" });
	});
	afterEach(() => {
		vi.useRealTimers();
		vi.unstubAllGlobals();
	});

	it("asks at once again what failed a moment ago: there was no network yet", async () => {
		const { session, asked } = asking(() => Promise.reject(new TypeError("unreachable")));
		await vi.advanceTimersByTimeAsync(400);
		expect(asked).toHaveBeenCalledTimes(1);
		session.wake();
		await vi.advanceTimersByTimeAsync(1);
		expect(asked).toHaveBeenCalledTimes(2);
		session.stop();
	});

	it("waits for what is on its way, unless that takes long", async () => {
		const { session, asked } = asking(
			(signal) =>
				new Promise((_, reject) => {
					signal.addEventListener("abort", () => reject(signal.reason));
				}),
		);
		await vi.advanceTimersByTimeAsync(900);
		session.wake();
		await vi.advanceTimersByTimeAsync(1);
		expect(asked).toHaveBeenCalledTimes(1);
		await vi.advanceTimersByTimeAsync(200);
		session.wake();
		await vi.advanceTimersByTimeAsync(1);
		expect(asked).toHaveBeenCalledTimes(2);
		session.stop();
	});
});

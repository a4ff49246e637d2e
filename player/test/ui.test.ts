// The rules behind what is seen: words, keys, wishes, who is asked, what is plotted.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { History, historySeconds, sharedPart } from "../src/history.ts";
import { actionOf, isTaken, type KeyActions } from "../src/keys.ts";
import { isSparing, Manners, stricter } from "../src/manners.ts";
import * as messages from "../src/messages.ts";
import { Standstill } from "../src/playback/standstill.ts";
import { undecodable } from "../src/qualities.ts";
import { emptyStats } from "../src/stats.ts";
import { controlWord, directionOf, fill, languageOf, sayIn } from "../src/ui/words.ts";
import { kind, type Manifest } from "../src/wire/manifest.ts";

const folder = new URL("../words/", import.meta.url);
const catalogue = Object.fromEntries(
	readdirSync(folder).map((file) => [
		file.replace(".json", ""),
		JSON.parse(readFileSync(new URL(file, folder), "utf8")),
	]),
);

describe("the catalogue", () => {
	const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

	test.each(Object.keys(catalogue))("%s says all that English says", (language) => {
		for (const section of ["player", "controls", "page"]) {
			const english: Record<string, string> = catalogue.en[section];
			const words: Record<string, string> = catalogue[language][section];
			expect(Object.keys(words).sort()).toEqual(Object.keys(english).sort());
			for (const [key, text] of Object.entries(english)) {
				expect(words[key]?.trim(), key).toBeTruthy();
				expect(places(words[key] ?? ""), key).toEqual(places(text));
			}
		}
	});

	test("a wish finds the nearest language, and English without one", () => {
		expect(languageOf(["tlh", "de-AT", "fr"])).toBe("de");
		expect(languageOf(["AR"])).toBe("ar");
		expect(languageOf(["toString", ""])).toBe("en");
		expect(languageOf([])).toBe("en");
		expect(directionOf("ar")).toBe("rtl");
	});

	test("values are put in their places", () => {
		expect(sayIn("en")("behind", { seconds: "1.2" })).toBe("1.2 s behind live");
		expect(fill("{a} {b}", { a: 1 })).toBe("1 {b}");
		expect(controlWord("de", "Seek To Live")).toBe("Zum Live-Bild");
		expect(controlWord("de", "something new")).toBeUndefined();
	});
});

describe("keys", () => {
	const done: string[] = [];
	const note =
		(name: string) =>
		(...values: unknown[]) =>
			done.push([name, ...values].join(" "));
	const names = ["togglePlay", "toggleMute", "toggleFullscreen", "toggleCaptions"];
	names.push(
		"togglePictureInPicture",
		"toggleStatistics",
		"seekBy",
		"seekTo",
		"volumeBy",
		"goLive",
	);
	const on = Object.fromEntries(names.map((name) => [name, note(name)])) as unknown as KeyActions;

	test.each([
		[" ", "togglePlay"],
		["K", "togglePlay"],
		["j", "seekBy -10"],
		["l", "seekBy 10"],
		["ArrowLeft", "seekBy -5"],
		["ArrowUp", "volumeBy 0.05"],
		["0", "seekTo 0"],
		["7", "seekTo 0.7"],
		["Home", "seekTo 0"],
		["End", "goLive"],
	])("%s does as on YouTube", (key, expected) => {
		done.length = 0;
		actionOf(key, on)?.();
		expect(done).toEqual([expected]);
	});

	test("others do nothing", () => {
		for (const key of ["q", "Tab", "Escape", "10", "constructor"])
			expect(actionOf(key, on)).toBeUndefined();
	});

	test("what has the focus keeps its own keys", () => {
		expect(isTaken("k", "textarea")).toBe(true);
		expect(isTaken(" ", "media-play-button")).toBe(true);
		expect(isTaken("k", "media-play-button")).toBe(false);
		expect(isTaken("ArrowUp", "media-volume-range")).toBe(true);
		expect(isTaken("m", "media-volume-range")).toBe(false);
		expect(isTaken("ArrowUp", "live-relay")).toBe(false);
	});
});

test("only what stands for long is worth words", () => {
	const standstill = new Standstill();
	expect(standstill.isLong("stalled", 0)).toBe(false);
	expect(standstill.isLong("interrupted", 1500)).toBe(false);
	expect(standstill.isLong("stalled", 2500)).toBe(true);
	expect(standstill.isLong("playing", 2600)).toBe(false);
	expect(standstill.isLong("stalled", 2700)).toBe(false);
});

test("the stricter of two wishes about sharing holds", () => {
	expect(stricter("auto", "ask")).toBe("ask");
	expect(stricter("none", "relays")).toBe("none");
	expect(stricter("auto", "auto")).toBe("auto");
});

test("nothing is uploaded where it costs", () => {
	expect(isSparing(undefined, null)).toBe(false);
	expect(isSparing({ saveData: true }, null)).toBe(true);
	expect(isSparing({ type: "cellular" }, null)).toBe(true);
	expect(isSparing({ type: "wifi" }, { charging: false, level: 0.15 })).toBe(true);
	expect(isSparing({ type: "wifi" }, { charging: true, level: 0.15 })).toBe(false);
	expect(isSparing({}, { charging: false, level: 0.5 })).toBe(false);
});

test("link and battery are looked at as they are now", async () => {
	const connection = { saveData: false, type: "wifi" };
	const battery = { charging: true, level: 0.1 };
	vi.stubGlobal("navigator", { connection, getBattery: () => Promise.resolve(battery) });
	const manners = new Manners();
	await Promise.resolve();
	expect(manners.isSparing).toBe(false);
	connection.saveData = true;
	expect(manners.isSparing).toBe(true);
	connection.saveData = false;
	connection.type = "cellular";
	expect(manners.isSparing).toBe(true);
	connection.type = "wifi";
	battery.charging = false;
	expect(manners.isSparing).toBe(true);
	battery.level = 0.5;
	expect(manners.isSparing).toBe(false);
	vi.unstubAllGlobals();
});

describe("the last minute", () => {
	const at = (httpBytes: number, p2pBytes: number) => ({ ...emptyStats(), httpBytes, p2pBytes });

	test("has bytes a second, whatever the moments at which it looks", () => {
		const history = new History();
		history.take(at(0, 0), 0);
		history.take(at(50, 50), 500);
		history.take(at(100, 300), 1000);
		history.take(at(300, 300), 3000);
		expect(history.seconds).toEqual([
			{ fromServer: 100, fromViewers: 300, given: 0 },
			{ fromServer: 100, fromViewers: 0, given: 0 },
			{ fromServer: 100, fromViewers: 0, given: 0 },
		]);
		expect(history.peak).toBe(400);
	});

	test("is a minute, also after a long sleep", () => {
		const history = new History();
		history.take(at(0, 0), 0);
		history.take(at(1e6, 0), 1e9);
		expect(history.seconds.length).toBe(historySeconds);
		expect(sharedPart(at(0, 0))).toBe(0);
		expect(sharedPart(at(1, 3))).toBe(0.75);
	});
});

describe("messages", () => {
	const say = sayIn("en");
	const ways = { say, src: "https://h/tv/live/demo", retry: () => {}, hurry: () => {} };

	test("each says what is the matter, and has a way out", () => {
		const kinds = ["unreachable", "unsigned", "offline", "blocked", "insecure", "missing", "busy"];
		const all = [
			messages.waiting(ways, ""),
			messages.ended(ways),
			messages.gone(ways),
			messages.away(ways),
			...kinds.map((kind) => messages.trouble(ways, kind as "busy")),
			...(["key", "badKey", "codec", "unsupported", "playback"] as const).map((kind) =>
				messages.fatal(ways, kind, "hvc1"),
			),
		];
		for (const { title, text, actions } of all) {
			expect(title && text).toBeTruthy();
			expect(text).not.toContain("{");
			expect(actions?.length).toBeGreaterThan(0);
		}
		expect(new Set(all.map(({ title, text }) => title + text)).size).toBe(all.length - 0);
	});

	test("what else is live is at the server's front page, below its path", () => {
		expect(messages.ended(ways).actions).toEqual([
			{ label: "See what else is live", href: "https://h/tv/" },
		]);
	});
});

test("a format is missing when no rendition of a kind can be decoded", () => {
	const rendition = (k: number, codecs: string) => ({ kind: k, codecs });
	const manifest = (list: object[]) => ({ renditions: list }) as unknown as Manifest;
	const supports = (type: string) => /avc1|mp4a/.test(type);
	const hevc = rendition(kind.video, "hvc1");
	const avc = rendition(kind.video, "avc1");
	const aac = rendition(kind.audio, "mp4a");
	expect(undecodable(manifest([hevc, avc, aac]), supports)).toEqual([]);
	expect(undecodable(manifest([hevc, hevc, aac]), supports)).toEqual(["hvc1"]);
	expect(undecodable(manifest([aac]), supports)).toEqual([]);
});

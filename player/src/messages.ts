// What stands in place of the picture in each state, with a way out of it.
import type { FailureCode } from "./api.ts";
import type { Trouble } from "./trouble.ts";
import type { Action, Message } from "./ui/message.ts";
import type { Key, Say } from "./ui/words.ts";

export interface Ways {
	say: Say;
	/** The stream's own page. */
	src: string;
	/** Begins anew. */
	retry: () => void;
	/** Asks again now instead of later. */
	hurry: () => void;
}

const elsewhere = ({ say, src }: Ways): Action => ({
	label: say("elsewhere"),
	href: src.replace(/live\/[^/]+$/, ""),
});
const page = ({ say, src }: Ways): Action => ({ label: say("openPage"), href: src });
const file = ({ say, src }: Ways): Action => ({
	label: say("openFile"),
	href: `${src}/index.m3u8`,
});
const again = ({ say, retry }: Ways): Action => ({ label: say("retry"), run: retry });
const now = ({ say, hurry }: Ways): Action => ({ label: say("retry"), run: hurry });

/** A click is wanted before it begins. */
export function ready(say: Say, run: () => void): Message {
	return { title: say("ready"), actions: [{ label: say("play"), run }] };
}

export function waiting(ways: Ways, title: string): Message {
	const { say } = ways;
	const actions = [elsewhere(ways)];
	return { title: title || say("notLive"), text: say("waiting"), isBusy: true, actions };
}

export function ended(ways: Ways): Message {
	const { say } = ways;
	return { title: say("ended"), text: say("again"), actions: [elsewhere(ways)] };
}

/** The server forgot the broadcast. */
export function gone(ways: Ways): Message {
	const { say } = ways;
	return { title: say("lost"), text: say("again"), isBusy: true, actions: [now(ways)] };
}

/** Playback stands; `isCutOff`: for nothing is heard of the server any more. */
export function standing(ways: Ways, isCutOff: boolean): Message {
	if (!isCutOff) return away(ways);
	return trouble(ways, navigator.onLine === false ? "offline" : "unreachable");
}

/** The server is there and the streamer is not. */
export function away(ways: Ways): Message {
	const { say } = ways;
	const actions = [elsewhere(ways)];
	return { title: say("away"), text: say("awayText"), isBusy: true, actions };
}

const lasting: readonly Trouble[] = ["blocked", "insecure", "missing"];

/** What hinders the session; it goes on by itself. */
export function trouble(ways: Ways, kind: Trouble): Message {
	const { say } = ways;
	const isLasting = lasting.includes(kind);
	const ways_: Record<Trouble, readonly Action[]> = {
		blocked: [page(ways), now(ways)],
		insecure: [page(ways)],
		missing: [elsewhere(ways), now(ways)],
		busy: [now(ways), file(ways)],
		offline: [now(ways)],
		unreachable: [now(ways)],
		unsigned: [now(ways), page(ways)],
	};
	return {
		title: say(isLasting ? "failed" : "lost"),
		text: say(kind),
		isBusy: !isLasting,
		actions: ways_[kind],
	};
}

export type Fatal = Exclude<FailureCode, Trouble> | "badKey";

/** It can't be played, and nothing goes on by itself. */
export function fatal(ways: Ways, kind: Fatal, detail = ""): Message & { text: string } {
	const { say } = ways;
	const text: Record<Fatal, [Key, Record<string, string>?]> = {
		key: ["wrongKey"],
		badKey: ["badKey"],
		codec: ["codec", { codecs: detail }],
		unsupported: ["unsupported"],
		playback: ["broken", { reason: detail }],
	};
	const actions: Record<Fatal, readonly Action[]> = {
		key: [again(ways)],
		badKey: [page(ways)],
		codec: [file(ways), again(ways)],
		unsupported: [file(ways)],
		playback: [again(ways), file(ways)],
	};
	return { title: say("failed"), text: say(...text[kind]), actions: actions[kind] };
}

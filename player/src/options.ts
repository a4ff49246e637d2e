// The element's attributes as what they mean.
import { isMode, type Mode } from "./net/join.ts";

export interface Options {
	/** The watch address, without query and slash at its end; empty for none. */
	src: string;
	/** What the page that the server made says of the stream; empty for none. */
	told: string;
	/** As written; empty for none. */
	publicKey: string;
	p2p: Mode;
	controls: boolean;
	autoplay: boolean;
	muted: boolean;
	title: boolean;
	/** Languages, the most wished for first. */
	languages: string[];
	/** Address of a picture for before the first picture; empty for none. */
	poster: string;
	/** A colour of CSS, or empty. */
	color: string;
	/** Seconds behind live to aim for; 0 for as few as possible. */
	latency: number;
	/** Seconds before live at which to begin. */
	start: number;
	/** Keys work on the whole page. */
	keys: "player" | "page";
}

export const attributes = [
	...["src", "public-key", "p2p", "controls", "autoplay", "muted", "show-title", "lang"],
	...["color", "latency", "start", "keys", "poster"],
] as const;

/** Attributes that are about the looks: the stream goes on when they change. */
export const looks: readonly string[] = ["controls", "show-title", "color"];

/** Seconds. */
const mostLatency = 30;
const mostStart = 3600;

export function readOptions(element: HTMLElement, base: string): Options {
	const get = (name: (typeof attributes)[number]) => element.getAttribute(name) ?? "";
	const isOn = (name: (typeof attributes)[number]) => !/^(false|0|no|off)$/i.test(get(name));
	const p2p = get("p2p");
	const color = get("color");
	return {
		src: address(get("src"), base),
		told: element.querySelector(":scope > script[type='application/json']")?.textContent ?? "",
		publicKey: get("public-key"),
		p2p: isMode(p2p) ? p2p : "auto",
		controls: isOn("controls"),
		autoplay: isOn("autoplay"),
		muted: isOn("muted"),
		title: isOn("show-title"),
		languages: [get("lang"), ...navigator.languages].filter(Boolean),
		color: /^[#\w(),.%/ -]{1,64}$/.test(color) && CSS.supports("color", color) ? color : "",
		poster: get("poster") && resolve(get("poster"), base),
		latency: seconds(get("latency"), mostLatency),
		start: seconds(get("start"), mostStart),
		keys: get("keys") === "page" ? "page" : "player",
	};
}

function address(written: string, base: string): string {
	return (
		written &&
		resolve(written, base)
			.replace(/[?#].*$/, "")
			.replace(/\/$/, "")
	);
}

/** The absolute URL of http or https; empty for what is none. */
function resolve(written: string, base: string): string {
	try {
		const { href, protocol } = new URL(written, base);
		return /^https?:$/.test(protocol) ? href : "";
	} catch {
		return "";
	}
}

function seconds(written: string, most: number): number {
	const value = Number.parseFloat(written);
	return Number.isFinite(value) ? Math.min(most, Math.max(0, value)) : 0;
}

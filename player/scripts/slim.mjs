// What makes hls.js and media-chrome smaller on their way into the bundle. Nothing
// that the player uses is lost: features that it has no use for, hls.js's log calls
// (its `debug` is never set), and white space in media-chrome's templates.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";

const modules = fileURLToPath(new URL("../../node_modules/", import.meta.url));
const hls = `${modules}hls.js/src/`;
const chrome = `${modules}media-chrome/dist/`;
const sources = fileURLToPath(new URL("../src/", import.meta.url));
const words = `${sources}ui/controls-words.ts`;
const shadow = `${sources}ui/shadow.ts`;

/** Modules that stay out, with what their importers are given instead. */
const without = {
	"controller/cap-level-controller.ts": "export default undefined",
	"controller/fps-controller.ts": "export default undefined",
	"controller/id3-track-controller.ts": "export default undefined",
	"controller/subtitle-stream-controller.ts": "export const SubtitleStreamController = undefined",
	"controller/subtitle-track-controller.ts": "export default undefined",
	// hls/incaptions.ts shows captions.
	"controller/timeline-controller.ts": "export const TimelineController = undefined",
	"utils/cues.ts": "export default undefined",
	"loader/date-range.ts": "export class DateRange { isValid = false; id = '' }",
	"utils/fetch-loader.ts": "export default undefined; export const fetchSupported = () => false",
	// What to play is decided by playback/quality.ts: this one keeps to it.
	"controller/abr-controller.ts": `export default class {
		forcedAutoLevel = -1;
		constructor(hls) { this.hls = hls; }
		get firstAutoLevel() { return Math.max(0, this.hls.loadLevel); }
		get nextAutoLevel() { return Math.max(0, this.hls.loadLevel); }
		set nextAutoLevel(level) {}
		resetEstimator() {}
		destroy() {}
	}`,
	"media-keyboard-shortcuts-dialog.js": "export const getHotkeyToken = (key) => key",
	"media-preview-chapter-display.js":
		"export default { shadowRootOptions: { mode: 'open' }, getTemplateHTML: () => '' }",
	// The tooltips are a line of CSS.
	"media-tooltip.js":
		"export default { shadowRootOptions: { mode: 'open' }, getTemplateHTML: () => '' }",
	"media-preview-time-display.js": "",
	"media-preview-thumbnail.js":
		"export default { shadowRootOptions: { mode: 'open' }, getTemplateHTML: () => '' }",
};

/** Replaces log calls by nothing; `code` has no comments. */
function withoutLogs(code) {
	const call =
		/\b(?:this|self|hls)\.(?:log|warn|debug)\(|\b(?:this\.|hls\.|this\.hls\.)?logger\.(?:log|warn|error|debug|info|trace)\(/g;
	let out = "";
	let from = 0;
	for (let match = call.exec(code); match; match = call.exec(code)) {
		const end = endOfCall(code, call.lastIndex);
		out += `${code.slice(from, match.index)}(void 0)`;
		from = end;
		call.lastIndex = end;
	}
	return out + code.slice(from);
}

const closing = { "(": ")", "[": "]", "{": "}" };

/** Where a call ends whose arguments begin at `at`. */
function endOfCall(code, at) {
	const open = [")"];
	let i = at;
	for (; open.length > 0; i++) {
		const character = code[i];
		const top = open.at(-1);
		const isText = top === "'" || top === '"' || top === "`";
		if (character === undefined) throw new Error("a call without an end");
		if (isText && character === "\\") i++;
		else if (character === top) open.pop();
		else if (top === "`" && character === "$" && code[i + 1] === "{") {
			open.push("}");
			i++;
		} else if (!isText && closing[character]) open.push(closing[character]);
		else if (!isText && "'\"`".includes(character)) open.push(character);
	}
	return i;
}

/**
 * Methods that do nothing here. hls.js has a distance to live of its own: where the playhead
 * is beyond the end of a playlist, be it by a rounding or because another rendition's has come
 * less far, and little is buffered, it seeks a second back. playback/rate.ts keeps the distance.
 */
const emptied = {
	"controller/stream-controller.ts": "  synchronizeToLiveEdge(levelDetails) {",
	"controller/latency-controller.ts": "  onTimeupdate = () => {",
};

/** Empties the method that `code` has to have. */
function withoutMethod(code, method) {
	const from = code.indexOf(method);
	const end = from + code.slice(from).search(/\n {2}};?\n/);
	if (from < 0 || end < from) throw new Error(`hls.js has no ${method}`);
	return code.slice(0, from + method.length) + code.slice(end);
}

async function slimHls({ path }) {
	const source = readFileSync(path, "utf8");
	if (path.endsWith("/logger.ts")) return { contents: source, loader: "ts" };
	const { code } = await transform(source, { loader: "ts", target: "es2022" });
	const method = emptied[path.replace(hls, "")];
	const kept = method ? withoutMethod(code, method) : code;
	return { contents: withoutLogs(kept), loader: "js" };
}

/** How media-chrome fills a shadow root, and where it looks for a rule of its style. */
const fills =
	/(?:this\.shadowRoot\.setHTMLUnsafe \? this\.shadowRoot\.setHTMLUnsafe\(html\) : )?this\.shadowRoot\.innerHTML = ([^;]+);/;
const looks = /styleParent\.querySelectorAll\("style:not\(\[media\]\)"\)/g;

/** Lets a page's Content-Security-Policy be strict: styles are constructed, not written inline. */
function withoutInlineStyles(source) {
	if (!fills.test(source) && !source.match(looks)) return source;
	const code = source
		.replace(fills, "fillShadow(this.shadowRoot, $1);")
		.replace(looks, "sheetsOf(styleParent)");
	return `import { fillShadow, sheetsOf } from ${JSON.stringify(shadow)};${code}`;
}

async function slimChrome({ path }) {
	const source = withoutInlineStyles(readFileSync(path, "utf8"));
	const { code } = await transform(source, { minify: true });
	// After this, line breaks are left in templates only.
	return { contents: code.trim().replace(/\s*\n\s*/g, " "), loader: "js" };
}

/** A language's words; those that are not English are listed in the order of the English ones. */
function wordsOf({ path }) {
	const read = (file) => JSON.parse(readFileSync(file, "utf8"));
	const { direction, player, controls } = read(path);
	if (path.endsWith("/en.json"))
		return { contents: JSON.stringify({ direction, player, controls }), loader: "json" };
	const english = read(path.replace(/[^/]+$/, "en.json"));
	const list = (section, words) =>
		`export const ${section} = zip(english.${section}, ${JSON.stringify(
			Object.keys(english[section]).map((key) => words[key]),
		)});`;
	const head = `import * as english from "./en.json"; export const direction = "${direction}";
		const zip = (keys, words) => Object.fromEntries(Object.keys(keys).map((key, i) => [key, words[i]]));`;
	return { contents: head + list("player", player) + list("controls", controls), loader: "js" };
}

/** Errors about bytes, with their texts. */
const doubts = /(new (?:(?:Malformed|Error)\(|(?:Untrusted|WrongKey)\("[\w ]+"))(?:, )?"[^"]*"\)/g;

/** The plugin for esbuild. */
export const slim = {
	name: "slim",
	setup(build) {
		// media-chrome's words come from the player's own catalogue.
		build.onLoad({ filter: /media-chrome\/dist\/utils\/i18n\.js$/ }, () => ({
			contents: `export * from ${JSON.stringify(words)}`,
		}));
		// The words of the server's pages stay with the server.
		build.onLoad({ filter: /\/player\/words\/.*\.json$/ }, wordsOf);
		// What bytes are wrong in is for tests and for who reads the sources.
		build.onLoad(
			{ filter: /\/player\/src\/(?:(?:wire|net|engine)\/\w+|trust|session)\.ts$/ },
			({ path }) => ({
				contents: readFileSync(path, "utf8").replace(doubts, "$1)"),
				loader: "ts",
			}),
		);
		build.onLoad({ filter: /\/(?:hls\.js\/src|media-chrome\/dist)\/.*\.(?:ts|js)$/ }, (file) => {
			const name = file.path.replace(hls, "").replace(chrome, "");
			if (name in without) return { contents: without[name] };
			return file.path.startsWith(hls) ? slimHls(file) : slimChrome(file);
		});
	},
};

const names = /[A-Za-z_$][\w$]*/g;

function filesOf(folder, end) {
	return readdirSync(folder, { recursive: true })
		.filter((name) => name.endsWith(end))
		.map((name) => readFileSync(folder + name, "utf8"));
}

/**
 * Names of hls.js's members that mean nothing to a browser, to a page, to a playlist or
 * to the rest of the player: they can be short.
 */
export function ownNames() {
	const own = new Set();
	const members = /[.?]\.?([a-z_]\w*[A-Z_]\w*)/g;
	const quoted = /(['"`])([A-Za-z_]\w*)\1/g;
	const sourcesOfHls = filesOf(hls, ".ts");
	// Only the controllers' own: what takes media apart is full of names that meet others'.
	const controllers = filesOf(`${hls}controller/`, ".ts");
	for (const source of controllers) for (const [, name] of source.matchAll(members)) own.add(name);
	const others = readdirSync(hls, { recursive: true, withFileTypes: true })
		.filter((file) => file.isFile() && !file.parentPath.includes("/src/controller"))
		.map((file) => readFileSync(`${file.parentPath}/${file.name}`, "utf8"));
	for (const text of others) for (const [name] of text.matchAll(names)) own.delete(name);
	// What is also written as a text may be looked up by it.
	for (const source of sourcesOfHls)
		for (const [, , name] of source.matchAll(quoted)) own.delete(name);
	// What a module exports keeps its name there, and is looked up by it (import * as …).
	const exported = /export\s+(?:async\s+)?(?:function\*?|const|let|class|enum)\s+([A-Za-z_$]\w*)/g;
	for (const source of sourcesOfHls)
		for (const [, name] of source.matchAll(exported)) own.delete(name);
	const typescript = readdirSync(`${modules}@typescript`).find((name) => name.includes("-"));
	const known = [
		...filesOf(`${modules}@typescript/${typescript}/lib/`, ".d.ts"),
		...filesOf(sources, ".ts"),
		...filesOf(chrome, ".js"),
	];
	for (const text of known) for (const [name] of text.matchAll(names)) own.delete(name);
	// Browsers' own, and those that hls.js puts together from two halves.
	const apart = /^webkit|(?:Retry|Codec)$/;
	return [...own].filter((name) => name.length > 4 && !apart.test(name)).sort();
}

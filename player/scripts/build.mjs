// Builds player/dist/player.js, an ES module, and ed25519.js beside it, which only
// browsers without signatures of their own load: minified, the same bytes for the same
// sources. Another build, kept in memory, weighs the engine alone.
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";
import { ownNames, slim } from "./slim.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Bytes after gzip; the build fails above these. */
const budget = { whole: 185_000, engine: 26_000, library: 7_500 };

/**
 * hls.js is built from its own sources with what is needed and no more: its light
 * build has no separate audio, its full one is 60 kB larger.
 */
const hls = fileURLToPath(new URL("../../node_modules/hls.js/", import.meta.url));
const { version } = JSON.parse(await readFile(`${hls}package.json`, "utf8"));
const features = {
	ALT_AUDIO: true,
	CMCD: false,
	CONTENT_STEERING: false,
	EME_DRM: false,
	IFRAMES: false,
	INTERSTITIALS: false,
	M2TS_ADVANCED_CODECS: false,
	MEDIA_CAPABILITIES: false,
	SUBTITLES: false,
	VARIABLE_SUBSTITUTION: false,
};
const define = {
	__VERSION__: JSON.stringify(version),
	__IN_WORKER__: "false",
	__HLS_WORKER_BUNDLE__: "undefined",
};
for (const [name, isWanted] of Object.entries(features)) define[`__USE_${name}__`] = `${isWanted}`;

const common = {
	absWorkingDir: root,
	alias: {
		"cea-608-parser": `${hls}src/utils/cea-608-parser.ts`,
		"hls.js": `${hls}src/hls.ts`,
		"@svta/cml-cmcd": `${hls}src/empty-es.js`,
	},
	bundle: true,
	charset: "utf8",
	define,
	format: "esm",
	legalComments: "none",
	logLevel: "error",
	mangleProps: new RegExp(`^(?:${ownNames().join("|")})$`),
	minify: true,
	platform: "browser",
	plugins: [slim],
	// The oldest browsers with data channels, media source and WebCrypto that matter.
	target: ["chrome97", "firefox104", "safari15.4"],
	write: false,
};

const licence = `/*! liverelay player, MIT; with hls.js, url-toolkit and @svta/cml (Apache-2.0), media-chrome, eventemitter3, @noble/hashes and @noble/ed25519 (MIT) */`;

/** esbuild joins, terser makes small: it is 5 % better at it. */
async function bundle(entryPoint) {
	const result = await build({ ...common, entryPoints: [entryPoint] });
	const { code } = await minify(result.outputFiles[0].text, {
		ecma: 2020,
		module: true,
		compress: { passes: 3, keep_fargs: false, unsafe_arrows: true },
		format: { preamble: licence },
	});
	return code;
}

const library = await bundle("src/ed25519.ts");
// The player takes the library with these bytes and no other.
common.define.LIBRARY = JSON.stringify(createHash("sha256").update(library).digest("hex"));
const whole = await bundle("src/main.ts");
const engine = await bundle("src/session.ts");

await mkdir(`${root}dist`, { recursive: true });
await writeFile(`${root}dist/player.js`, whole);
await writeFile(`${root}dist/ed25519.js`, library);

let over = false;
for (const [name, code, most] of [
	["player.js", whole, budget.whole],
	["its engine", engine, budget.engine],
	["ed25519.js", library, budget.library],
]) {
	const size = gzipSync(code, { level: 9 }).length;
	over ||= size > most;
	console.log(
		`${name.padEnd(10)} ${Buffer.byteLength(code)} bytes, ${size} gzipped, budget ${most}${size > most ? ": OVER" : ""}`,
	);
}
if (over) process.exitCode = 1;

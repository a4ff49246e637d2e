// The library for signatures, for browsers without their own: a file beside the player
// that is loaded when it is needed. What it is was settled when the player was built.
import { sha256 } from "./sha256.ts";

/** SHA-256 of the library's file, as hexadecimal digits; the build puts it here. */
declare const LIBRARY: string | undefined;

export type Library = typeof import("./ed25519.ts");

export async function loadLibrary(): Promise<Library> {
	// Not built, as in tests.
	if (typeof LIBRARY === "undefined") return import("./ed25519.ts");
	const url = libraryUrl(import.meta.url, LIBRARY);
	// A server that sent the page could as well have sent another player.
	if (url.origin === location.origin) return import(url.href);
	const response = await fetch(url);
	const bytes = new Uint8Array(await response.arrayBuffer());
	if (hash(bytes) !== LIBRARY) throw new Error("the library for signatures is another one");
	const made = URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }));
	try {
		return await import(made);
	} finally {
		URL.revokeObjectURL(made);
	}
}

function hash(bytes: Uint8Array): string {
	return Array.from(sha256(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Where the library is: with the versions of the player, one of which `player` may be. */
export function libraryUrl(player: string, hash: string): URL {
	const file = `${hash.slice(0, 16)}.js`;
	const isNewest = new URL(player).pathname.endsWith("/player.js");
	return new URL(isNewest ? `player/${file}` : file, player);
}

// The library for signatures, where the player is a built file.
import { afterEach, describe, expect, it, vi } from "vitest";
import { libraryUrl, loadLibrary } from "../src/library.ts";

const hash = "0123456789abcdef".repeat(4);

describe("the library for signatures", () => {
	afterEach(() => vi.unstubAllGlobals());

	it.each([
		["https://host/player.js", "https://host/player/0123456789abcdef.js"],
		["https://host/tv/player.js?v=1", "https://host/tv/player/0123456789abcdef.js"],
		["https://host/player/fedcba9876543210.js", "https://host/player/0123456789abcdef.js"],
	])("of %s is %s", (player, library) => {
		expect(libraryUrl(player, hash).href).toBe(library);
	});
	it("is refused when its bytes are not those that the player was built with", async () => {
		vi.stubGlobal("LIBRARY", hash);
		vi.stubGlobal("location", { origin: "https://elsewhere" });
		vi.stubGlobal("fetch", async () => new Response("export const library = () => () => true"));
		await expect(loadLibrary()).rejects.toThrow("another one");
	});
});

// Why a server can't be asked: the browser says no more than that it failed.

/** What hinders a session; it tries again. */
export type Trouble =
	| "unreachable"
	| "unsigned"
	| "offline"
	| "blocked"
	| "insecure"
	| "missing"
	| "busy";

/** Finds out why `src` could not be asked; `status` is HTTP's, 0 without an answer. */
export async function troubleOf(status: number, src: string): Promise<Trouble> {
	if (status === 404) return "missing";
	if (status === 503 || status === 429) return "busy";
	if (status > 0) return "unreachable";
	// What the browser thinks of its network is no more than a guess: asked last.
	const away = navigator.onLine === false ? "offline" : "unreachable";
	const { origin, protocol, hostname } = new URL(src);
	const isLocal = hostname === "localhost" || hostname.startsWith("127.");
	if (location.protocol === "https:" && protocol === "http:" && !isLocal) return "insecure";
	if (origin === location.origin) return away;
	try {
		// An answer that a page may not read tells that there is one.
		await fetch(`${src}/join`, { mode: "no-cors", cache: "no-store" });
		return "blocked";
	} catch {
		return away;
	}
}

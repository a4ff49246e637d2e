// What most tests begin with: a broadcast that is live, and a browser.

import { Daemon } from "./daemon.js";
import { Publisher } from "./publisher.js";
import { startBrowser } from "./viewer.js";

/**
 * Starts a daemon, a publisher and a browser, which end with the test.
 * @param {import("node:test").TestContext} t
 * @param {{ renditions: string[], picture?: Omit<import("./publisher.js").PublisherOptions, "url"> }} options
 */
export async function live(t, { renditions, picture }) {
	const daemon = await Daemon.start({ renditions });
	t.after(() => daemon.stop());
	/** Begins to publish, or does it again. */
	const publish = () => {
		const publisher = new Publisher({ url: daemon.rtmp, ...picture }).start();
		t.after(() => publisher.stop());
		return publisher;
	};
	const publisher = publish();
	await daemon.live();
	const browser = await startBrowser();
	t.after(() => browser.close());
	return { daemon, publisher, publish, browser };
}

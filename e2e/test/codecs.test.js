// A source that not all browsers play, over Enhanced RTMP: what a real browser makes of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Daemon } from "../lib/daemon.js";
import { publish } from "../lib/enhanced.js";
import { eventually } from "../lib/process.js";
import { startBrowser, Viewer } from "../lib/viewer.js";

for (const [kind, name, written] of /** @type {const} */ ([
	["hevc", "HEVC", "hvc1"],
	["av1", "AV1", "av01"],
])) {
	test(`${name} is served as it is; a browser plays it, or says what it can't decode`, async (t) => {
		const daemon = await Daemon.start();
		t.after(() => daemon.stop());
		const publisher = await publish(daemon.rtmp, kind, 15);
		t.after(() => publisher.stop());
		await daemon.live();
		const answer = await (await fetch(`${daemon.origin}/api/v1/streams/demo`)).json();
		assert.match(answer.warnings.join(" "), new RegExp(`The picture is ${name}`));
		/** @type {{ codecs: string }[]} */
		const renditions = answer.renditions;
		assert.deepEqual(
			renditions.map((r) => r.codecs.split(".")[0]),
			[written],
		);
		const browser = await startBrowser();
		t.after(() => browser.close());
		const viewer = await Viewer.open(browser, daemon.watch);
		const plays = await viewer.page.evaluate(
			(codecs) => MediaSource.isTypeSupported(`video/mp4; codecs="${codecs}"`),
			renditions[0].codecs,
		);
		t.diagnostic(`${renditions[0].codecs}: this browser ${plays ? "plays" : "can't decode"} it`);
		if (plays) return viewer.plays();
		await eventually("it says so", async () => (await viewer.stats()).state === "error");
		const said = await viewer.page.locator("live-relay").textContent();
		const inside = await viewer.page.evaluate(
			() => document.querySelector("live-relay")?.shadowRoot?.textContent,
		);
		assert.match(`${said} ${inside}`, new RegExp(`can’t decode its format \\(${written}`));
	});
}

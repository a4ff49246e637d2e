// Looking at a player in a page: its parts, its pictures, what axe makes of it.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "./daemon.js";
import { pause } from "./process.js";
import { Viewer } from "./viewer.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const out = join(root, "e2e/out/player");

/** @typedef {import("playwright-core").Page} Page */

export const desktop = { width: 960, height: 620 };

/**
 * Opens a page with looks of its own; axe has to be let in.
 * @param {import("./viewer.js").Browser} browser
 * @param {string} origin
 * @param {string} path
 * @param {import("playwright-core").BrowserContextOptions} [looks]
 */
export async function openPage(browser, origin, path, looks = {}) {
	const context = await browser.newContext({ viewport: desktop, bypassCSP: true, ...looks });
	await context.grantPermissions(["microphone", "camera"], { origin });
	const viewer = new Viewer(await context.newPage());
	await viewer.page.goto(new URL(path, origin).href, { waitUntil: "domcontentloaded" });
	return viewer;
}

/** Shows the controls. @param {Viewer} viewer */
export async function wakeControls({ page }) {
	const size = page.viewportSize() ?? desktop;
	await page.mouse.move(size.width / 2, 150);
	await page.mouse.move(size.width / 2 + 9, 160);
	await pause(400);
}

/**
 * Keeps a picture as e2e/out/player/NAME.png.
 * @param {{screenshot(options: {path: `${string}.png`}): Promise<unknown>}} page playwright's or puppeteer's
 * @param {string} name
 */
export async function shot(page, name) {
	mkdirSync(out, { recursive: true });
	await page.screenshot({ path: `${join(out, name)}.png` });
}

/**
 * What axe finds against WCAG 2.2 AA and its best practices, in a line each; the page's
 * Content-Security-Policy has to let it in.
 * @param {Page} page
 * @returns {Promise<string[]>}
 */
export async function violations(page) {
	await page.evaluate(axe);
	return page.evaluate(async () => {
		const { axe } = /** @type {any} */ (window);
		const result = await axe.run(document, { resultTypes: ["violations"] });
		return result.violations.map(
			(/** @type {any} */ v) =>
				`${v.id}: ${v.nodes.map((/** @type {any} */ n) => n.target.flat().join(" ")).join(", ")}`,
		);
	});
}

/** The words that stand in place of the picture; empty when that shows. @param {Page} page */
export function message(page) {
	return page.evaluate(() => {
		const box = document.querySelector("live-relay")?.shadowRoot?.querySelector(".message");
		return box instanceof HTMLElement && !box.hidden ? (box.textContent ?? "") : "";
	});
}

/**
 * A property of the player.
 * @param {Page} page
 * @param {string} name
 */
export function property(page, name) {
	return page.evaluate(
		(name) =>
			JSON.parse(
				JSON.stringify(/** @type {any} */ (document.querySelector("live-relay"))[name] ?? null),
			),
		name,
	);
}

/** The label of what has the focus, within shadow roots. @param {Page} page */
export function focused(page) {
	return page.evaluate(() => {
		let element = document.activeElement;
		while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
		if (!element) return "";
		const host = element.getRootNode();
		const label = element.getAttribute("aria-label") ?? element.textContent?.trim();
		const outer = host instanceof ShadowRoot ? host.host.getAttribute("aria-label") : "";
		return label || outer || element.localName;
	});
}

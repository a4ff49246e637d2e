// Shadow roots whose looks a page's Content-Security-Policy has no say in: their style
// sheets are constructed, where the browser can (Safari since 16.4), and not written inline.

/** Gives a shadow root one style sheet more. */
export function adopt(root: ShadowRoot, css: string): void {
	try {
		const sheet = new CSSStyleSheet();
		sheet.replaceSync(css);
		root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
	} catch {
		const style = document.createElement("style");
		style.textContent = css;
		root.append(style);
	}
}

/** Fills a shadow root with what media-chrome writes: HTML with style elements in it. */
export function fillShadow(root: ShadowRoot, html: string): void {
	let css = "";
	const rest = html.replace(/<style>([\s\S]*?)<\/style>/g, (_, text: string) => {
		css += text;
		return "";
	});
	// Chromium complains of its templates for servers, if they are just written.
	if ("setHTMLUnsafe" in root) root.setHTMLUnsafe(rest);
	else (root as ShadowRoot).innerHTML = rest;
	adopt(root, css);
}

/** What has the style sheets of a shadow root, as media-chrome looks through them. */
export function sheetsOf(root: ShadowRoot): { sheet: CSSStyleSheet | null }[] {
	const written = root.querySelectorAll("style");
	return [...(root.adoptedStyleSheets ?? []).map((sheet) => ({ sheet })), ...written];
}

// Icons of the buttons that media-chrome has none for: paths in a box of 24.
export const icons = {
	settings:
		"M12 8.6a3.4 3.4 0 1 0 0 6.8 3.4 3.4 0 0 0 0-6.8Zm8.3 4.6-.1-2.4 1.7-1.5-1.8-3.1-2.2.7-2-1.2-.5-2.2h-3.6l-.5 2.2-2 1.2-2.2-.7-1.8 3.1 1.7 1.5-.1 2.4-1.6 1.5 1.8 3.1 2.2-.7 2 1.2.5 2.2h3.6l.5-2.2 2-1.2 2.2.7 1.8-3.1-1.6-1.5Z",
	captions:
		"M4 5h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V7c0-1.1.9-2 2-2Zm6.6 5.4c-.4-.8-1.2-1.2-2.2-1.2-1.6 0-2.8 1.1-2.8 2.8s1.2 2.8 2.8 2.8c1 0 1.8-.4 2.2-1.2l-1.2-.7c-.2.4-.5.6-1 .6-.8 0-1.3-.6-1.3-1.5s.5-1.5 1.3-1.5c.5 0 .8.2 1 .6l1.2-.7Zm7.4 0c-.4-.8-1.2-1.2-2.2-1.2-1.6 0-2.8 1.1-2.8 2.8s1.2 2.8 2.8 2.8c1 0 1.8-.4 2.2-1.2l-1.2-.7c-.2.4-.5.6-1 .6-.8 0-1.3-.6-1.3-1.5s.5-1.5 1.3-1.5c.5 0 .8.2 1 .6l1.2-.7Z",
	share:
		"M18 16a3 3 0 0 0-2.2 1L9 13a3 3 0 0 0 0-2l6.8-4a3 3 0 1 0-.9-1.7L8 9.4a3 3 0 1 0 0 5.2l6.9 4.1A3 3 0 1 0 18 16Z",
	statistics: "M4 20V11h4v9H4Zm6 0V4h4v16h-4Zm6 0v-6h4v6h-4Z",
	close:
		"m6.4 5 5.6 5.6L17.6 5 19 6.4 13.4 12l5.6 5.6-1.4 1.4-5.6-5.6L6.4 19 5 17.6l5.6-5.6L5 6.4 6.4 5Z",
	play: "M8 5v14l11-7L8 5Z",
	muted:
		"M4 9v6h4l5 5V4L8 9H4Zm12.3.3-1.3 1.3L16.4 12 15 13.4l1.3 1.3 1.5-1.4 1.4 1.4 1.3-1.3-1.4-1.4 1.4-1.4-1.3-1.3-1.4 1.4-1.5-1.4Z",
} as const;

const space = "http://www.w3.org/2000/svg";

export function icon(name: keyof typeof icons): SVGSVGElement {
	const svg = document.createElementNS(space, "svg");
	svg.setAttribute("viewBox", "0 0 24 24");
	svg.setAttribute("aria-hidden", "true");
	const path = document.createElementNS(space, "path");
	path.setAttribute("d", icons[name]);
	svg.append(path);
	return svg;
}

/** The look of the player; colours and shapes can be changed by custom properties and parts. */
export const style = `
:host {
	--accent: var(--live-relay-accent, #2f9e94);
	--font: var(--live-relay-font, system-ui, sans-serif);
	--radius: var(--live-relay-radius, 0.625rem);
	--over: var(--live-relay-text, #fff);
	--ground: var(--live-relay-ground, #000);
	--panel: var(--live-relay-panel, #fffefb);
	--ink: var(--live-relay-ink, #23252a);
	--faint: var(--live-relay-faint, #5c6068);
	--line: var(--live-relay-line, #8b8f96);
	--viewers: var(--accent);
	--server: var(--live-relay-server, #b9bdc4);
	--given: var(--live-relay-given, #b3551c);
	display: block;
	position: relative;
	aspect-ratio: 16 / 9;
	overflow: hidden;
	color-scheme: var(--live-relay-scheme, light dark);
	background: var(--ground);
	color: var(--over);
	font: 400 0.9375rem/1.45 var(--font);
	container: live-relay / inline-size;
}
@media (prefers-color-scheme: dark) {
	:host {
		--panel: var(--live-relay-panel, #1d2024);
		--ink: var(--live-relay-ink, #e7e6e2);
		--faint: var(--live-relay-faint, #a8acb4);
		--line: var(--live-relay-line, #6c727b);
		--server: var(--live-relay-server, #5b616b);
		--given: var(--live-relay-given, #f0b23c);
	}
}
:host([hidden]), [hidden] { display: none !important; }
:host(:fullscreen) { width: 100%; height: 100%; }
* { box-sizing: border-box; }
p, h2, dl, dd { margin: 0; }
.frame, media-controller { position: absolute; inset: 0; width: 100%; height: 100%; }
media-controller {
	--media-background-color: var(--ground);
	--media-primary-color: var(--over);
	--media-secondary-color: transparent;
	--media-control-background: transparent;
	--media-control-hover-background: rgb(255 255 255 / 0.16);
	--media-control-padding: 10px;
	--media-control-height: 24px;
	--media-font-family: var(--font);
	--media-focus-box-shadow: inset 0 0 0 2px #fff, inset 0 0 0 4px #000;
	--media-range-bar-color: var(--accent);
	--media-range-track-background: rgb(255 255 255 / 0.35);
	--media-range-track-border-radius: 2px;
	--media-live-button-indicator-color: var(--live-relay-live, #ff5a4f);
	--media-live-button-icon-color: #c9c9c9;
	--media-preview-box-display: none;
	direction: ltr;
	line-height: 1;
}
video { width: 100%; height: 100%; object-fit: contain; background: var(--ground); }
img[slot=poster] { object-fit: cover; }
/* Captions stand above the controls while these show, where the browser lets them be moved. */
:host(:not([controls="false"])) media-controller:not([userinactive]) video::-webkit-media-text-track-container { translate: 0 -4.25rem; }
.top {
	align-self: stretch;
	padding: 0.75rem 1rem 2.5rem;
	background: linear-gradient(rgb(0 0 0 / 0.7), transparent);
	font: 600 1rem/1.3 var(--font);
	text-align: start;
	pointer-events: none !important;
}
.top:not(:has(.name:not(:empty))), :host([show-title="false"]) .top { visibility: hidden; }
.frame[dir=rtl] .top { direction: rtl; }
.name { display: block; max-width: calc(100% - 15rem); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
media-control-bar { width: 100%; align-items: center; background: rgb(0 0 0 / 0.62); padding-inline: 0.25rem; }
media-time-range { width: 100%; height: 1.5rem; padding-inline: 0.75rem; background: linear-gradient(transparent, rgb(0 0 0 / 0.62)); }
/* Where a browser that plays HLS itself knows no end, there is nothing to seek in. */
media-time-range:is(:not([mediaseekable]), [mediaseekable$=Infinity]) { visibility: hidden; }
media-volume-range { width: 5.5rem; padding-inline: 0; }
:is(media-airplay-button[mediaairplayunavailable], media-cast-button[mediacastunavailable], media-pip-button[mediapipunavailable], media-fullscreen-button[mediafullscreenunavailable], media-volume-range[mediavolumeunavailable]) { display: none; }
media-live-button { font: 600 0.8125rem/1 var(--font); }
.behind { padding-inline: 0.25rem; font: 500 0.8125rem/1 var(--font); font-variant-numeric: tabular-nums; white-space: nowrap; unicode-bidi: plaintext; }
.gap { flex: 1; }
button, a, select, textarea { font: inherit; color: inherit; }
button { border: 0; background: none; cursor: pointer; }
.icon { width: 44px; height: 44px; padding: 10px; flex: none; border-radius: 4px; position: relative; }
.icon svg { display: block; width: 24px; height: 24px; fill: currentColor; }
.icon:hover { background: rgb(255 255 255 / 0.16); }
.icon[aria-pressed="true"] { box-shadow: inset 0 -3px var(--accent); }
:is(button, a, select, textarea):focus-visible { outline: 2px solid #fff; outline-offset: -2px; box-shadow: inset 0 0 0 4px #000; }
.sheet :focus-visible, .ask :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; box-shadow: none; }
media-control-bar > :is(.icon, [part~=button]) { position: relative; }
@media (hover: hover) {
	media-control-bar > :is(.icon, [part~=button]):not(media-live-button):hover::after {
		content: attr(aria-label) / "";
		position: absolute;
		inset-block-end: calc(100% + 1.5rem);
		inset-inline-start: 50%;
		translate: -50%;
		padding: 0.375rem 0.625rem;
		border-radius: 4px;
		background: rgb(12 14 18 / 0.92);
		color: #fff;
		font: 500 0.8125rem/1.2 var(--font);
		white-space: nowrap;
		pointer-events: none;
	}
	media-control-bar > :is(:nth-last-child(-n + 2)):hover::after { inset-inline: auto 0 !important; translate: 0 !important; }
	media-control-bar > :first-child:hover::after { inset-inline-start: 0 !important; translate: 0 !important; }
}
:host([controls="false"]) :is(media-control-bar, media-time-range, .top),
:host([data-message]) :is(media-control-bar, media-time-range, .top) { visibility: hidden; }
.message {
	position: absolute;
	inset: 0;
	display: flex;
	flex-direction: column;
	align-items: center;
	justify-content: center;
	gap: 0.875rem;
	padding: 1rem 1.5rem;
	overflow: auto;
	background: rgb(12 14 18 / 0.86);
	color: #fff;
	text-align: center;
}
.message .words { max-width: 34rem; text-wrap: balance; }
.message .title { font-size: 1.125rem; font-weight: 600; }
.message .words p + p { margin-block-start: 0.375rem; color: #d9dade; }
.spinner {
	width: 2rem;
	height: 2rem;
	flex: none;
	border: 3px solid rgb(255 255 255 / 0.25);
	border-block-start-color: #fff;
	border-radius: 50%;
	animation: turn 1s linear infinite;
}
@keyframes turn { to { rotate: 1turn; } }
.actions { display: flex; flex-wrap: wrap; justify-content: center; gap: 0.625rem; }
.plain, .strong {
	display: inline-flex;
	align-items: center;
	justify-content: center;
	gap: 0.5rem;
	min-height: 2.75rem;
	padding: 0.5rem 1.125rem;
	border: 1px solid currentColor;
	border-radius: var(--radius);
	font-weight: 600;
	line-height: 1.2;
	text-decoration: none;
}
.strong { background: #fff; color: #111; border-color: #fff; }
:is(.plain, .strong):hover { filter: brightness(1.12); }
.sound-only { position: absolute; inset: 0 0 4.5rem; display: grid; place-content: center; font-weight: 600; pointer-events: none; }
.sound { position: absolute; inset-block-start: 0.75rem; inset-inline-end: 0.75rem; background: rgb(12 14 18 / 0.8); color: #fff; border-color: rgb(255 255 255 / 0.5); }
.sound svg { width: 1.25rem; height: 1.25rem; fill: currentColor; }
.sheet, .ask {
	position: absolute;
	inset-block-end: 4.75rem;
	right: 0.75rem;
	width: 22rem;
	max-width: calc(100% - 1.5rem);
	max-height: calc(100% - 5.5rem);
	overflow: auto;
	padding: 0 1rem 1rem;
	border: 1px solid var(--line);
	border-radius: var(--radius);
	background: var(--panel);
	color: var(--ink);
	font-size: 0.875rem;
	text-align: start;
	box-shadow: 0 8px 28px rgb(0 0 0 / 0.35);
}
.sheet:focus { outline: none; }
.sheet header { position: sticky; top: 0; z-index: 1; display: flex; align-items: center; justify-content: space-between; margin-inline: -1rem -0.5rem; padding-inline-start: 1rem; background: var(--panel); }
.sheet .icon:hover { background: rgb(128 128 128 / 0.2); }
h2 { font: 600 0.9375rem/1.3 var(--font); }
.body { display: grid; gap: 0.75rem; }
.body .actions { justify-content: start; }
.row { display: grid; grid-template-columns: minmax(4.5rem, 1fr) 2.4fr; align-items: center; gap: 0.75rem; }
select, textarea { width: 100%; min-height: 2.75rem; padding: 0.375rem 0.5rem; border: 1px solid var(--line); border-radius: 6px; background: var(--panel); }
textarea { min-height: 0; font: 0.75rem/1.45 ui-monospace, monospace; resize: none; overflow-wrap: anywhere; }
textarea[wrap=off] { overflow: hidden; }
.caption { color: var(--faint); font-size: 0.8125rem; }
.sheet .strong, .ask .strong { background: var(--ink); color: var(--panel); border-color: var(--ink); }
.statistics { inset: 0.75rem auto auto 0.75rem; width: 19.5rem; max-height: calc(100% - 1.5rem); }
.statistics canvas { display: block; width: 100%; height: 4.5rem; border-block-end: 1px solid var(--line); }
.statistics .body { gap: 0.25rem; }
dl > div { display: flex; align-items: baseline; gap: 0.5rem; padding-block: 0.125rem; }
dt { flex: 1; color: var(--faint); }
dd { font-variant-numeric: tabular-nums; unicode-bidi: plaintext; }
:is(.fromViewers, .fromServer, .given) dt::before { content: ""; display: inline-block; width: 0.625rem; height: 0.625rem; margin-inline-end: 0.5rem; border-radius: 2px; background: var(--color); }
.fromViewers { --color: var(--viewers); }
.fromServer { --color: var(--server); }
.given { --color: var(--given); }
.frame:has(.sheet:not([hidden])) media-control-bar > ::after { display: none !important; }
.share { inset: 0.75rem; margin: auto; width: auto; max-width: 34rem; max-height: fit-content; height: fit-content; max-height: calc(100% - 1.5rem); }
.snippet { display: grid; grid-template-columns: 1fr auto; gap: 0.25rem 0.625rem; align-items: center; }
.snippet label { grid-column: 1 / -1; color: var(--faint); }
.ask { padding-block-start: 0.875rem; }
.ask p { margin-block: 0.375rem 0.75rem; }
.ask .actions { justify-content: start; }
@container live-relay (width < 34rem) {
	media-volume-range, media-pip-button { display: none; }
	.sheet:not(.statistics), .ask { inset: auto 0.5rem 0.5rem; width: auto; max-width: none; max-height: calc(100% - 1rem); }
	.statistics { inset: 0.5rem 0.5rem auto; width: auto; max-width: none; max-height: calc(100% - 1rem); padding-block-end: 0.5rem; }
	.statistics canvas { height: 1.75rem; }
	dl > div { padding-block: 0; }
	.statistics .caption { display: none; }
	dl { display: grid; grid-template-columns: 1fr 1fr; column-gap: 1.25rem; font-size: 0.75rem; }
	.name { max-width: calc(100% - 4rem); }
	.sound { font-size: 0; gap: 0; padding: 0.5rem 0.75rem; }
	.message { gap: 0.5rem; padding: 0.625rem 0.875rem; font-size: 0.875rem; }
	.message .title { font-size: 1rem; }
	.message .spinner { width: 1.5rem; height: 1.5rem; }
}
@container live-relay (width < 22rem) {
	.behind { display: none; }
}
@media (prefers-reduced-motion: reduce) {
	.spinner { animation-duration: 4s; }
	media-controller { --media-control-transition-in: none; --media-control-transition-out: none; }
}
@media (forced-colors: active) {
	.sheet, .ask, .message { border: 1px solid CanvasText; }
	.icon svg { fill: ButtonText; }
}
`;

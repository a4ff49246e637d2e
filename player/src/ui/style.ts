/** The look of the player; colours and sizes can be changed by custom properties. */
export const style = `
:host {
	display: block;
	position: relative;
	aspect-ratio: 16 / 9;
	overflow: hidden;
	background: #000;
	color: var(--live-relay-text, #fff);
	font: 400 0.9375rem/1.45 var(--live-relay-font, system-ui, sans-serif);
}
:host([hidden]) { display: none; }
video { display: block; width: 100%; height: 100%; object-fit: contain; background: #000; }
[hidden] { display: none !important; }
.badge {
	position: absolute;
	inset-block-start: 0.75rem;
	inset-inline-start: 0.75rem;
	display: flex;
	align-items: center;
	gap: 0.5rem;
	max-width: calc(100% - 1.5rem);
	padding: 0.3125rem 0.625rem;
	border: 0;
	border-radius: 0.375rem;
	background: rgb(0 0 0 / 0.66);
	color: inherit;
	font: 500 0.8125rem/1.3 var(--live-relay-font, system-ui, sans-serif);
	font-variant-numeric: tabular-nums;
	text-align: start;
	pointer-events: none;
}
.dot {
	flex: none;
	width: 0.5rem;
	height: 0.5rem;
	border-radius: 50%;
	background: var(--live-relay-live, #ff4d4f);
}
.badge.late .dot { background: #b5b5b5; }
.panel {
	position: absolute;
	inset: 0;
	display: grid;
	place-content: center;
	justify-items: center;
	gap: 0.75rem;
	padding: 1.5rem;
	background: rgb(12 14 18 / 0.92);
	text-align: center;
}
.panel p { margin: 0; max-width: 34rem; text-wrap: balance; }
.panel .title { font-size: 1.125rem; font-weight: 600; }
.spinner {
	width: 2rem;
	height: 2rem;
	border: 3px solid rgb(255 255 255 / 0.25);
	border-block-start-color: #fff;
	border-radius: 50%;
	animation: turn 1s linear infinite;
}
@keyframes turn { to { rotate: 1turn; } }
@media (prefers-reduced-motion: reduce) { .spinner { animation-duration: 4s; } }
button {
	min-height: 2.75rem;
	padding: 0.5rem 1.25rem;
	border: 0;
	border-radius: 0.5rem;
	background: #fff;
	color: #111;
	font: 600 0.9375rem/1 var(--live-relay-font, system-ui, sans-serif);
	cursor: pointer;
}
button:focus-visible { outline: 3px solid #6cb6ff; outline-offset: 2px; }
`;

declare module "m3u8-parser" {
	export class Parser {
		// biome-ignore lint/suspicious/noExplicitAny: the parser has no types of its own
		manifest: any;
		on(event: "warn", listener: (warning: { message: string }) => void): void;
		push(text: string): void;
		end(): void;
	}
}

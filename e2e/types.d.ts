// The package comes without types; what is used of it is small.
declare module "m3u8-parser" {
	export class Parser {
		constructor(options?: { url?: string });
		on(event: string, listener: (event: { message: string }) => void): void;
		push(text: string): void;
		end(): void;
	}
}

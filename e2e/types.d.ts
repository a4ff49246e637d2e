// The package comes without types; what is used of it is small.
declare module "m3u8-parser" {
	export class Parser {
		constructor(options?: { url?: string });
		on(event: string, listener: (event: { message: string }) => void): void;
		push(text: string): void;
		end(): void;
	}
}

// Of bench, which has it for a tracker that P2P Media Loader knows.
declare module "bittorrent-tracker/server" {
	export default class Server {
		constructor(options: { udp: boolean; http: boolean; ws: boolean; stats: boolean });
		on(event: string, listener: (event: unknown) => void): void;
		listen(port: number, host: string, listening: () => void): void;
		close(): void;
		ws: { address(): { port: number } };
	}
}

// Package origin is the HTTP server: playlists and parts of LL-HLS
// (draft-pantos-hls-rfc8216bis), the feed of signed heads and the answer to
// join (docs/protocol.md §5, §7), the watch and embed pages, oEmbed, the API,
// metrics and health. It knows nothing of WebRTC; signalling is a handler that
// is mounted at /tracker.
package origin

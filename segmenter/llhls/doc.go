// Package llhls reads low-latency HLS media playlists strictly, and checks them
// against draft-pantos-hls-rfc8216bis: one playlist by itself, a reload against
// the playlist before it, renditions against each other. It is pure.
//
// Tests hold the project's own playlists against it; it knows nothing of how they
// are written, so that it can judge any server.
package llhls

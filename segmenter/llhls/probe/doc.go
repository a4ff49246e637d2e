// Package probe proves over HTTP whether any server's HLS keeps the rules of
// low latency (draft-pantos-hls-rfc8216bis): it follows all renditions as a player
// would, tries what a client may ask, and reads the media that it is given.
//
// What a server answers is foreign: sizes, counts, redirects and time are bounded,
// and an address that a playlist leads to is not followed into a private network.
package probe

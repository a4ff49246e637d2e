// Package segmenter turns the units of one broadcast into the parts, segments
// and playlists of low-latency HLS (draft-pantos-hls-rfc8216bis).
//
// A Pipeline takes tracks and units from the broadcast and from an encoder,
// cuts all renditions by one segment clock, and hands immutable parts to its
// sinks. A Store is the sink that answers HTTP's questions. The rules (clock,
// cutter, program time, playlists) are plain state machines without a
// goroutine, a clock or a socket; Pipeline and Store are thin shells.
package segmenter

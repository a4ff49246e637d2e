// Package restream sends a broadcast on to RTMP and RTMPS servers: each target has a
// queue, a connection and a back-off of its own, so that a dead or slow one disturbs
// nobody.
//
// The publisher's side of RTMP is written here (Adobe's RTMP specification 1.0, Enhanced
// RTMP v2 for codecs beyond H.264 and AAC): no library reads the answers of a server that
// means ill within bounds, and ffmpeg as a child would have the stream key among its
// arguments.
package restream

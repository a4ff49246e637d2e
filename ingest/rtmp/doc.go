// Package rtmp takes streams in over RTMP and RTMPS (Adobe's Real Time Messaging
// Protocol 1.0, and Enhanced RTMP v2), from OBS, ffmpeg and their like.
//
// The protocol itself is github.com/yutopp/go-rtmp's. It stands behind a guard that
// wraps the connection: the guard puts messages together under limits, lets through
// only what a publisher has to say, in one plain form, and holds the deadlines. So
// nothing that a stranger sends reaches go-rtmp unchecked.
package rtmp

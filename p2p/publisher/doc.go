// Package publisher signs what a broadcast's segmenter makes: the manifest and the
// head of every part. It keeps those of the window and serves them to any number of
// feeds (docs/protocol.md, sections 2 to 5). It does no I/O.
package publisher

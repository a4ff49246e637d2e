// Package demo publishes a moving test picture with a clock and a tone, so that a
// fresh installation has something to show. Go paints the pictures and makes the
// tone, ffmpeg encodes them from pipe to pipe, and Go pushes the result over RTMP
// like any publisher would. The stream key is used by that connection alone: it
// is in no argument list, environment or log.
//
// # Clock code
//
// With Options.ClockCode a row along the top edge says when the picture was
// painted, so that latency can be read from what a viewer is shown. The row is
// 1/20 of the picture high (rounded down to whole lines) and has 40 cells of equal
// width: a pixel in column x belongs to cell x*40/width, rounded down. A white cell
// (luma 235) is 1, a black one (luma 16) is 0; chroma is neutral. From left to
// right, most significant bit first:
//
//	cells 0 to 31   milliseconds since 1970-01-01 UTC, modulo 2^32
//	cells 32 to 39  check: begin with 0x5a; for each byte of the 32 bits, the least
//	                significant first, multiply by 31 and add the byte, modulo 256
//
// A reader compares the luma in the middle of each cell, half way down the row,
// with 126, and drops the picture when the check fails.
package demo

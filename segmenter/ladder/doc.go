// Package ladder makes the lower renditions of a broadcast with one ffmpeg
// process, which is only a codec: FLV with the source's video goes in on its
// standard input, one FLV for each rung comes out on pipes 3 and up. Timestamps
// on the pipes are labels, which are mapped back to the source's own times, so
// that a rung's picture has the PTS of the source picture it was made from, to
// the nanosecond. Every source keyframe is a keyframe of every rung, and rungs
// have one a second besides.
//
// Choose decides which rungs a source gets; Find looks for ffmpeg; Start runs it
// under supervision: queues are bounded and never block the caller, every pipe is
// drained, a process that dies, stalls, falls behind or prints garbage is killed
// with its group and started again with back-off. The new process is fed the
// current group of pictures and encodes from its newest picture on, so that rungs
// are back before the source's next keyframe.
package ladder

// Package cmaf writes the CMAF form of fragmented MP4 (ISO/IEC 23000-19): init
// segments of one track, and chunks of one movie fragment each. It is pure: bytes
// in, bytes out.
//
// The movie box comes from mediacommon. The fragment is written here, because a
// part is made four times a second for each rendition and is kept for as long as
// viewers want it: one allocation of the exact size, in which each sample is
// copied once (mediacommon copies each sample twice into a buffer that grows).
package cmaf

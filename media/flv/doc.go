// Package flv parses and builds FLV: the bodies of video and audio tags, which
// RTMP carries as messages, and whole files, which ffmpeg reads and writes on its
// pipes. Formats: Adobe Flash Video File Format Specification 10.1, annex E, and
// Enhanced RTMP (v2) for codecs that are named by a FourCC.
package flv

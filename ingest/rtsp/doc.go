// Package rtsp takes media in over RTSP: it plays from cameras and servers, and takes
// publishers, whose path ends in the stream key. RTP becomes units; nothing is decoded.
package rtsp

// Package mirror makes a broadcast of somebody else's HLS or LL-HLS playlist: each of
// its parts, or of its whole segments, is fetched once, whatever the audience, and
// handed on as it is.
//
// A follower reads playlists and says what is new in them; a track numbers what came
// and puts it on the broadcast's timeline: plain state machines. Around them a runner
// for each rendition polls and fetches, and one desk for all of them talks to the sink.
package mirror

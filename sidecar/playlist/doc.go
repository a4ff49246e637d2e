// Package playlist reads playlists of foreign servers (RFC 8216 and
// draft-pantos-hls-rfc8216bis), as they are and not as they should be: what cannot be
// understood is skipped, what would be unbounded is refused. It does no I/O.
//
// docs/decisions/sidecar.md says why no library does this here.
package playlist

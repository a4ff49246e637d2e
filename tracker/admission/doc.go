// Package admission decides who may use the tracker. A viewer is given a token with
// the answer to join and shows it in its first message; the token says nothing but
// when it ends, and is bound to the stream and to the site whose page asked for it,
// so that another site can't use this tracker for its own audience.
//
// A token is 41 bytes as base64url without padding: a version (1), the end as
// seconds since 1970 (8 bytes, big-endian), and an HMAC-SHA256 (RFC 2104) over the
// text "liverelay/1 admission\0", version, end, and stream and site with their
// lengths before them.
package admission

// Package media is the vocabulary of the project as plain types: what comes in
// (Track, Unit), what is cut from it (Rendition, Part) and what is said about it
// (Timing, Head, Manifest). It does no I/O and imports no other room.
package media

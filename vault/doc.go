// Package vault keeps what must outlive the daemon in its data folder: the keys
// of streams that were made here, the identity keys that sign broadcasts, and
// the daemon's own secrets. Files are readable by the daemon's user only and are
// written whole or not at all. Nothing outside the folder is ever opened.
package vault

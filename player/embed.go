// Package player carries the built player, so that the daemon is one file.
package player

import (
	"crypto/sha256"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
)

// Script is the name of the player's ES module within Files.
const Script = "player.js"

//go:embed dist
var dist embed.FS

// Files returns the built files, Script among them.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("player: " + err.Error()) // "dist" is a valid path
	}
	return files
}

// Bytes returns the player's ES module. The caller may keep it and must not
// write to it.
func Bytes() []byte {
	script, err := fs.ReadFile(Files(), Script)
	if err != nil {
		panic("player: " + err.Error()) // the file is part of the source tree
	}
	return script
}

// Version names the player's exact bytes: 16 hexadecimal digits of their
// SHA-256. Another script has another version, so a path that carries it can be
// cached for ever.
func Version() string {
	sum := sha256.Sum256(Bytes())
	return hex.EncodeToString(sum[:8])
}

// Integrity is the value of a script element's integrity attribute
// (Subresource Integrity §3.1).
func Integrity() string {
	sum := sha512.Sum384(Bytes())
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}

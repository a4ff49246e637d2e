// Package player carries the built player, so that the daemon is one file.
package player

import (
	"crypto/sha256"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Script is the name of the player's ES module within Files, Library that of the one
// which it loads in browsers that can't check signatures.
const (
	Script  = "player.js"
	Library = "ed25519.js"
)

//go:embed dist
var dist embed.FS

//go:embed words
var words embed.FS

// Words are what the pages around the player say in one language; the player itself
// has the rest of the same catalogue.
type Words struct {
	// Language is the language's name for itself, Direction "ltr" or "rtl".
	Language  string            `json:"language"`
	Direction string            `json:"direction"`
	Page      map[string]string `json:"page"`
}

// Catalogue returns the words by language tag, "en" among them.
func Catalogue() (map[string]Words, error) {
	files, err := words.ReadDir("words")
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	catalogue := map[string]Words{}
	for _, file := range files {
		text, err := words.ReadFile(path.Join("words", file.Name()))
		if err != nil {
			return nil, fmt.Errorf("read the catalogue: %w", err)
		}
		var w Words
		if err := json.Unmarshal(text, &w); err != nil {
			return nil, fmt.Errorf("read words/%s: %w", file.Name(), err)
		}
		catalogue[strings.TrimSuffix(file.Name(), ".json")] = w
	}
	return catalogue, nil
}

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
func Bytes() []byte { return read(Script) }

// LibraryBytes returns the library in the same way.
func LibraryBytes() []byte { return read(Library) }

func read(name string) []byte {
	script, err := fs.ReadFile(Files(), name)
	if err != nil {
		panic("player: " + err.Error()) // the file is part of the source tree
	}
	return script
}

// Version names the player's exact bytes: 16 hexadecimal digits of their
// SHA-256. Another script has another version, so a path that carries it can be
// cached for ever.
func Version() string { return version(Bytes()) }

// LibraryVersion does so for the library. The player knows it, and loads
// player/VERSION.js.
func LibraryVersion() string { return version(LibraryBytes()) }

func version(script []byte) string {
	sum := sha256.Sum256(script)
	return hex.EncodeToString(sum[:8])
}

// Integrity is the value of a script element's integrity attribute
// (Subresource Integrity §3.1).
func Integrity() string {
	sum := sha512.Sum384(Bytes())
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}

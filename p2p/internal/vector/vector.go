// Package vector gives messages, heads and manifests the JSON form that
// testdata/vectors uses, and reads and writes these files. Only tests import it.
package vector

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/liverelay/liverelay/p2p/wire"
)

// Hex is a byte slice written as hexadecimal digits.
type Hex []byte

// MarshalText implements encoding.TextMarshaler.
func (h Hex) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hex) UnmarshalText(b []byte) error {
	v, err := hex.DecodeString(string(b))
	if err != nil {
		return fmt.Errorf("hexadecimal: %w", err)
	}
	*h = v
	return nil
}

// Message is a message between peers as JSON: the type's name and its fields.
type Message struct {
	Type       string   `json:"type"`
	Version    uint64   `json:"version,omitempty"`
	Stream     string   `json:"stream,omitempty"`
	Epoch      string   `json:"epoch,omitempty"`
	Features   uint64   `json:"features,omitempty"`
	Agent      string   `json:"agent,omitempty"`
	Payload    Hex      `json:"payload,omitempty"`
	Rendition  int      `json:"rendition,omitempty"`
	Number     uint64   `json:"number,omitempty"`
	Chunks     Hex      `json:"chunks,omitempty"`
	Chunk      int      `json:"chunk,omitempty"`
	Bytes      Hex      `json:"bytes,omitempty"`
	Code       uint64   `json:"code,omitempty"`
	Reason     string   `json:"reason,omitempty"`
	Renditions uint32   `json:"renditions,omitempty"`
	Stripes    uint8    `json:"stripes,omitempty"`
	Wishes     [][3]int `json:"wishes,omitempty"` // rendition, stripes, those passed on
}

// FromWire gives a message its JSON form.
func FromWire(m wire.Message) Message {
	switch m := m.(type) {
	case wire.Hello:
		return Message{Type: "hello", Version: m.Version, Stream: m.Stream, Epoch: m.Epoch, Features: m.Features, Agent: m.Agent}
	case wire.Signed:
		if m.Type == wire.TypeManifest {
			return Message{Type: "manifest", Payload: m.Payload}
		}
		return Message{Type: "heads", Payload: m.Payload}
	case wire.Request:
		return Message{Type: "request", Rendition: m.Rendition, Number: m.Number, Chunks: Hex(m.Chunks)}
	case wire.Data:
		return Message{Type: "data", Rendition: m.Rendition, Number: m.Number, Chunk: m.Chunk, Bytes: m.Bytes}
	case wire.Cancel:
		return Message{Type: "cancel", Rendition: m.Rendition, Number: m.Number, Chunks: Hex(m.Chunks)}
	case wire.Absent:
		return Message{Type: "absent", Rendition: m.Rendition, Number: m.Number, Chunks: Hex(m.Chunks)}
	case wire.Bye:
		return Message{Type: "bye", Code: m.Code, Reason: m.Reason}
	case wire.Interest:
		return Message{Type: "interest", Renditions: m.Renditions}
	case wire.Subscribe:
		out := Message{Type: "subscribe"}
		for _, w := range m.Wishes {
			out.Wishes = append(out.Wishes, [3]int{w.Rendition, int(w.Stripes), int(w.Feeds)})
		}
		return out
	case wire.Refuse:
		return Message{Type: "refuse", Rendition: m.Rendition, Stripes: m.Stripes}
	default:
		return Message{Type: fmt.Sprintf("%T", m)}
	}
}

// Wire gives the message itself; it panics on an unknown type.
func (m Message) Wire() wire.Message {
	id := wire.PartID{Rendition: m.Rendition, Number: m.Number}
	switch m.Type {
	case "hello":
		return wire.Hello{Version: m.Version, Stream: m.Stream, Epoch: m.Epoch, Features: m.Features, Agent: m.Agent}
	case "manifest":
		return wire.Signed{Type: wire.TypeManifest, Payload: m.Payload}
	case "heads":
		return wire.Signed{Type: wire.TypeHeads, Payload: m.Payload}
	case "request":
		return wire.Request{PartID: id, Chunks: wire.Bitmap(m.Chunks)}
	case "data":
		return wire.Data{PartID: id, Chunk: m.Chunk, Bytes: m.Bytes}
	case "cancel":
		return wire.Cancel{PartID: id, Chunks: wire.Bitmap(m.Chunks)}
	case "absent":
		return wire.Absent{PartID: id, Chunks: wire.Bitmap(m.Chunks)}
	case "bye":
		return wire.Bye{Code: m.Code, Reason: m.Reason}
	case "interest":
		return wire.Interest{Renditions: m.Renditions}
	case "subscribe":
		out := wire.Subscribe{}
		for _, w := range m.Wishes {
			out.Wishes = append(out.Wishes, wire.Wish{Rendition: w[0], Stripes: uint8(w[1]), Feeds: uint8(w[2])})
		}
		return out
	case "refuse":
		return wire.Refuse{Rendition: m.Rendition, Stripes: m.Stripes}
	}
	panic("vector: unknown message type " + m.Type)
}

// Folder is testdata/vectors, from the package's folder that tests run in.
func Folder(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "testdata", "vectors")
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above the working directory")
	return ""
}

// Load reads a file of vectors.
func Load(t testing.TB, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(Folder(t), name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// Save writes a file of vectors.
func Save(t testing.TB, name string, value any) {
	t.Helper()
	b, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(Folder(t), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(Folder(t), name), append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

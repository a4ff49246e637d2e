package wire_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/internal/vector"
	"github.com/liverelay/liverelay/p2p/wire"
)

// pattern is the content of test parts: byte i of part n of rendition r.
func pattern(rendition int, number uint64, length int) []byte {
	b := make([]byte, length)
	for i := range b {
		b[i] = byte(i*31 + i/256 + rendition*17 + int(number)*7)
	}
	return b
}

func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func began() time.Time { return time.UnixMilli(1_700_000_000_000).UTC() }

func testHead(rendition int, number uint64, length int) media.Head {
	return wire.HeadOf(&media.Part{
		Rendition: rendition, Number: number, MSN: number / 8, Index: int(number % 8),
		Start: time.Duration(number) * 250 * time.Millisecond, Duration: 250 * time.Millisecond,
		ProgramTime: began().Add(time.Duration(number) * 250 * time.Millisecond),
		Independent: number%4 == 0, SegmentEnd: number%8 == 7, Still: number%5 == 4,
		Data: pattern(rendition, number, length),
	})
}

func testManifest(serial uint64) media.Manifest {
	init := func(b byte) [32]byte { return sha256.Sum256([]byte{b}) }
	return media.Manifest{
		Serial: serial, Issued: began().Add(time.Duration(serial) * 5 * time.Second), Started: began(),
		Timing: media.Timing{PartTarget: 250 * time.Millisecond, PartHoldBack: 750 * time.Millisecond, TargetDuration: 2 * time.Second},
		Renditions: []media.Rendition{
			{Index: 0, Name: "source", Kind: media.Video, Codecs: "avc1.64001e", Bandwidth: 900000, AverageBandwidth: 500000, Width: 640, Height: 360, FPS: 29.97},
			{Index: 1, Name: "audio", Kind: media.Audio, Codecs: "mp4a.40.2", Bandwidth: 72000, AverageBandwidth: 64000, SampleRate: 48000, Channels: 2},
		},
		Inits: [][][32]byte{{init(0), init(1)}, {init(2)}},
	}
}

func addBatches(t *testing.T, file *wireFile) {
	build := func(heads ...media.Head) []byte {
		b, err := wire.AppendBatch(nil, heads)
		require.NoError(t, err)
		return b
	}
	full := testHead(0, 7, 5000)
	full.Lines, full.Discontinuity, full.Init = "#EXT-X-CUE-OUT:30\n", 3, 1
	gap := testHead(0, 8, 0)
	odd := media.Head{Rendition: 2, Length: 10, Chunks: []media.Hash{{1}, {2}, {3}, {4}}}
	good := []struct {
		name  string
		heads []media.Head
	}{
		{"one small part", []media.Head{testHead(1, 4, 1500)}},
		{"video with audio", []media.Head{full, testHead(1, 7, 1500)}},
		{"a gap", []media.Head{gap}},
		{"four chunks for ten bytes, by another rule", []media.Head{odd}},
	}
	for _, v := range good {
		b := build(v.heads...)
		file.Batches = append(file.Batches, goodBatch{v.name, b, fromHeads(v.heads), true})
	}
	// The record of a gap with two more bytes at its end, other flags, and bytes
	// behind the last record: all skipped.
	b := build(gap)
	longer := append(append([]byte{1, b[1] + 2}, b[2:]...), 0xaa, 0xbb)
	longer = append(longer, 1, 2, 3)
	file.Batches = append(file.Batches, goodBatch{"fields of a later version", longer, fromHeads([]media.Head{gap}), false})

	record := b[2:]
	flags := len(record) - 5 // flags, init, length, c, lines
	change := func(at int, v byte) []byte {
		out := bytes.Clone(b)
		out[2+at] = v
		return out
	}
	file.BadBatch = []bad{
		{"empty", nil},
		{"no heads", []byte{0}},
		{"65 heads", append([]byte{65}, bytes.Repeat(b[1:], 65)...)},
		{"two heads said, one there", append([]byte{2}, b[1:]...)},
		{"record cut off", b[:len(b)-1]},
		{"record too short for its fields", append([]byte{1, b[1] - 1}, b[2:len(b)-1]...)},
		{"rendition 32", change(0, 32)},
		{"length 0 and no gap", change(flags, 0)},
		{"gap with a length", change(flags+2, 9)},
		{"more chunks said than there", change(flags+3, 1)},
		{"chunks that do not fit", unfit(t)},
	}
}

// unfit is a batch whose only head has 3 chunks for 4 bytes: the last would be empty.
func unfit(t *testing.T) []byte {
	b, err := wire.AppendBatch(nil, []media.Head{{Length: 7, Chunks: make([]media.Hash, 3)}})
	require.NoError(t, err)
	at := bytes.LastIndex(b, []byte{7, 3})
	b[at] = 4
	return b
}

func addManifests(t *testing.T, file *wireFile) {
	m := &wire.Manifest{Manifest: testManifest(3), Certificate: bytes.Repeat([]byte{7}, 64)}
	m.Stream, m.Epoch, m.NotAfter = "demo", "abcdefghijklmnop", began().Add(24*time.Hour)
	m.Identity, m.Broadcast = key(1).Public().(ed25519.PublicKey), key(2).Public().(ed25519.PublicKey)
	body, err := wire.AppendManifest(nil, m)
	require.NoError(t, err)
	ended := *m
	ended.Ended = began().Add(time.Hour)
	endedBody, err := wire.AppendManifest(nil, &ended)
	require.NoError(t, err)
	file.Manifest = []goodManifest{
		{"live, two renditions", body, vector.FromManifest(m), true},
		{"ended", endedBody, vector.FromManifest(&ended), true},
		{"bytes of a later version", append(bytes.Clone(body), 1, 2, 3), vector.FromManifest(m), false},
	}
	version := bytes.Clone(body)
	version[0] = 2
	kind := bytes.Clone(body)
	kind[bytes.Index(kind, []byte("\x06source"))+7] = 3
	late := bytes.Clone(body)
	copy(late[1+5+17+64:], []byte{0, 0x20, 0, 0, 0, 0, 0, 0})
	file.BadMan = []bad{
		{"empty", nil},
		{"version 2", version},
		{"cut off", body[:len(body)-1]},
		{"a kind that does not exist", kind},
		{"not after 2^53", late},
	}
}

func addFeeds(file *wireFile) {
	type f = frame
	build := func(frames ...f) []byte {
		var b []byte
		for _, v := range frames {
			b = wire.AppendFrame(b, wire.Type(v.Type), v.Payload)
		}
		return b
	}
	some := []f{{2, []byte("manifest")}, {3, bytes.Repeat([]byte("heads"), 60)}, {99, []byte("unknown")}, {3, vector.Hex{}}}
	file.Feeds = []goodFeed{{"empty", nil, []f{}}, {"four frames, one of an unknown type", build(some...), some}}
	whole := build(some[:2]...)
	file.BadFeeds = []bad{
		{"type alone", []byte{2}},
		{"payload cut off", whole[:len(whole)-1]},
		{"length cut off", []byte{2, 0x80}},
		{"length in a longer form", []byte{2, 0x81, 0x00, 1}},
		{"payload of 65,536 bytes", wire.AppendFrame(nil, 3, make([]byte, 65536))},
		{"length of 2^53-1", []byte{2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f}},
	}
}

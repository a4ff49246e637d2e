package segmenter

import (
	"context"
	"encoding/binary"
	"testing"
	"time"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/segmenter/llhls"
)

// silent checks order and playlists without a testing.T for each.
type silent struct {
	t     *testing.T
	store *Store
	last  map[int]*media.Part
	begun bool
}

func (s *silent) Begin(r []media.Rendition, t media.Timing) {
	s.begun = true
	s.store.Sink().Begin(r, t)
}
func (s *silent) Init(i media.Init) { s.store.Sink().Init(i) }
func (s *silent) End()              { s.store.Sink().End() }

func (s *silent) Part(p *media.Part) {
	if b := s.last[p.Rendition]; b != nil {
		if p.Number != b.Number+1 || p.Start != b.Start+b.Duration || p.ProgramTime.Before(b.ProgramTime) ||
			p.MSN != b.MSN && (p.MSN != b.MSN+1 || p.Index != 0) || p.MSN == b.MSN && p.Index != b.Index+1 {
			s.t.Fatalf("%+v follows %+v", *p, *b)
		}
	}
	if p.Duration <= 0 || p.Gap != (len(p.Data) == 0) {
		s.t.Fatalf("%+v", *p)
	}
	q := *p
	q.Data = nil
	s.last[p.Rendition] = &q
	s.store.Sink().Part(p)
}

// FuzzUnits feeds units of any timing: whatever a publisher sends, parts follow
// each other without a break, and playlists keep the rules.
func FuzzUnits(f *testing.F) {
	seed := func(pairs ...uint16) {
		var b []byte
		for _, p := range pairs {
			b = binary.LittleEndian.AppendUint16(b, p)
		}
		f.Add(b)
	}
	seed(0, 33, 33, 33, 33, 33, 33, 33, 33, 33, 33, 33, 33, 33, 33, 33)
	seed(0, 33|1<<15, 40, 700, 33, 33, 33|1<<15, 3000, 33, 0, 0, 0, 0, 33, 9000, 33|1<<14, 20, 20|1<<15, 20)
	seed(0, 33, 33, 33, 33, 33, 33, 33, 33, 33, 33, 33, 1<<15, 33, 33|1<<15, 33, 3<<14, 3<<14|1502, 3<<14|302, 3<<14|1, 33, 33|1<<14, 33, 33|1<<15)
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &silent{t: t, store: NewStore(StoreConfig{}), last: map[int]*media.Part{}}
		c := newCore(Config{}, []Sink{s})
		c.track(videoTrack(0))
		c.track(audioTrack(48000))
		var at [3]time.Duration
		var idle time.Duration
		for i := 0; i+1 < len(data) && i < 800; i += 2 {
			// Bit 15: sound; bit 14: keyframe; the rest: milliseconds since the last one.
			// Both bits: away, back, or time that passes.
			v := binary.LittleEndian.Uint16(data[i:])
			if v>>14 == 3 {
				now := sceneStart.Add(max(at[1], at[2]) + idle)
				switch v % 3 {
				case 0:
					c.away(now)
				case 1:
					c.back(now)
				default:
					idle += time.Duration(v&(1<<14-1)) * time.Millisecond
					c.tick(now)
				}
				continue
			}
			u := media.Unit{Kind: media.Video, Keyframe: v&(1<<14) != 0 || i == 0, Data: []byte{1}}
			if v&(1<<15) != 0 {
				u.Kind, u.Keyframe = media.Audio, true
			}
			at[u.Kind] += time.Duration(v&(1<<14-1)) * time.Millisecond
			u.DTS, u.PTS = at[u.Kind], at[u.Kind]
			u.Arrived = sceneStart.Add(max(at[1], at[2]) + idle)
			c.unit(u)
		}
		c.end()
		for i := range s.last {
			text, err := s.store.Playlist(context.Background(), c.renditions[i].Name, Reload{})
			if err != nil {
				t.Fatal(err)
			}
			p, err := llhls.Parse(text)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if found := llhls.CheckPlaylist(p); len(found) > 0 {
				t.Fatalf("%v\n%s", found, text)
			}
		}
	})
}

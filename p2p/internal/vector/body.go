package vector

import (
	"math"
	"time"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/wire"
)

// Head is a head as JSON; times are those of the wire (µs, program time in ms).
type Head struct {
	Rendition     int    `json:"rendition"`
	Number        uint64 `json:"number"`
	MSN           uint64 `json:"msn"`
	Index         int    `json:"index"`
	Start         int64  `json:"start"`
	Duration      int64  `json:"duration"`
	ProgramTime   int64  `json:"programTime"`
	Discontinuity uint64 `json:"discontinuity"`
	Independent   bool   `json:"independent"`
	Gap           bool   `json:"gap"`
	SegmentEnd    bool   `json:"segmentEnd"`
	Still         bool   `json:"still,omitempty"`
	Init          int    `json:"init"`
	Length        int    `json:"length"`
	Chunks        []Hex  `json:"chunks"`
	Lines         string `json:"lines"`
}

// FromHead gives a head its JSON form.
func FromHead(h media.Head) Head {
	out := Head{
		Rendition: h.Rendition, Number: h.Number, MSN: h.MSN, Index: h.Index,
		Start: h.Start.Microseconds(), Duration: h.Duration.Microseconds(),
		Discontinuity: h.Discontinuity, Independent: h.Independent, Gap: h.Gap, SegmentEnd: h.SegmentEnd, Still: h.Still,
		Init: h.Init, Length: h.Length, Chunks: []Hex{}, Lines: h.Lines,
	}
	out.ProgramTime = toMillis(h.ProgramTime)
	for _, c := range h.Chunks {
		out.Chunks = append(out.Chunks, c[:])
	}
	return out
}

// Media gives the head itself.
func (h Head) Media() media.Head {
	out := media.Head{
		Rendition: h.Rendition, Number: h.Number, MSN: h.MSN, Index: h.Index,
		Start:       time.Duration(h.Start) * time.Microsecond,
		Duration:    time.Duration(h.Duration) * time.Microsecond,
		ProgramTime: fromMillis(h.ProgramTime), Discontinuity: h.Discontinuity,
		Independent: h.Independent, Gap: h.Gap, SegmentEnd: h.SegmentEnd, Still: h.Still,
		Init: h.Init, Length: h.Length, Lines: h.Lines,
	}
	for _, c := range h.Chunks {
		out.Chunks = append(out.Chunks, media.Hash(c))
	}
	return out
}

// Rendition is a manifest's rendition as JSON.
type Rendition struct {
	Name             string `json:"name"`
	Kind             int    `json:"kind"`
	Codecs           string `json:"codecs"`
	Bandwidth        int    `json:"bandwidth"`
	AverageBandwidth int    `json:"averageBandwidth"`
	Width            int    `json:"width"`
	Height           int    `json:"height"`
	FPS1000          int    `json:"fps1000"`
	SampleRate       int    `json:"sampleRate"`
	Channels         int    `json:"channels"`
	Inits            []Hex  `json:"inits"`
}

// Manifest is a manifest as JSON; times in ms, durations in µs.
type Manifest struct {
	Stream         string      `json:"stream"`
	Epoch          string      `json:"epoch"`
	Identity       Hex         `json:"identity"`
	Broadcast      Hex         `json:"broadcast"`
	NotAfter       int64       `json:"notAfter"`
	Certificate    Hex         `json:"certificate"`
	Serial         uint64      `json:"serial"`
	Issued         int64       `json:"issued"`
	Started        int64       `json:"started"`
	Ended          int64       `json:"ended"`
	PartTarget     int64       `json:"partTarget"`
	PartHoldBack   int64       `json:"partHoldBack"`
	TargetDuration int64       `json:"targetDuration"`
	Renditions     []Rendition `json:"renditions"`
}

// FromManifest gives a manifest its JSON form.
func FromManifest(m *wire.Manifest) Manifest {
	out := Manifest{
		Stream: m.Stream, Epoch: m.Epoch, Identity: m.Identity, Broadcast: m.Broadcast,
		NotAfter: toMillis(m.NotAfter), Certificate: m.Certificate, Serial: m.Serial,
		Issued: toMillis(m.Issued), Started: toMillis(m.Started), Ended: toMillis(m.Ended),
		PartTarget:     m.Timing.PartTarget.Microseconds(),
		PartHoldBack:   m.Timing.PartHoldBack.Microseconds(),
		TargetDuration: m.Timing.TargetDuration.Microseconds(),
		Renditions:     []Rendition{},
	}
	for i, r := range m.Renditions {
		v := Rendition{
			Name: r.Name, Kind: int(r.Kind), Codecs: r.Codecs,
			Bandwidth: r.Bandwidth, AverageBandwidth: r.AverageBandwidth,
			Width: r.Width, Height: r.Height, FPS1000: int(math.Round(r.FPS * 1000)),
			SampleRate: r.SampleRate, Channels: r.Channels, Inits: []Hex{},
		}
		for _, hash := range m.Inits[i] {
			v.Inits = append(v.Inits, hash[:])
		}
		out.Renditions = append(out.Renditions, v)
	}
	return out
}

func toMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

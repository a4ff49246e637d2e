package doctor

import (
	"fmt"
	"io"
	"strings"

	"github.com/liverelay/liverelay/sidecar/attach"
)

// Level says how much a finding matters.
type Level string

// The levels.
const (
	Good Level = "good"
	Note Level = "note"
	Warn Level = "warning"
	Bad  Level = "error"
)

// Finding is one thing that was found.
type Finding struct {
	Level Level `json:"level"`
	// Topic is short and stable: reach, live, latency, keyframes, cors, mixed-content,
	// encryption, playlist, ports, renditions.
	Topic string `json:"topic"`
	Text  string `json:"text"`
	// Advice is what to do about it; may be empty.
	Advice string `json:"advice,omitempty"`
}

// Rendition is one encoding that is offered.
type Rendition struct {
	Bandwidth int    `json:"bandwidth"`
	Codecs    string `json:"codecs,omitempty"`
	Width     int    `json:"width,omitempty"`
	Height    int    `json:"height,omitempty"`
}

// Report is everything that was found about one address.
type Report struct {
	// URL is the address without what may be secret.
	URL   string      `json:"url"`
	Kind  attach.Kind `json:"kind"`
	Media string      `json:"media,omitempty"`
	Title string      `json:"title,omitempty"`
	// Attachable and Live: there is something to attach to, now.
	Attachable bool `json:"attachable"`
	Live       bool `json:"live"`
	LowLatency bool `json:"lowLatency"`
	// Seconds: of a part, of the longest segment listed, from keyframe to keyframe, and how
	// close to live a viewer of ours can be.
	PartSeconds     float64     `json:"partSeconds,omitempty"`
	SegmentSeconds  float64     `json:"segmentSeconds,omitempty"`
	KeyframeSeconds float64     `json:"keyframeSeconds,omitempty"`
	FloorSeconds    float64     `json:"latencyFloorSeconds,omitempty"`
	FloorWhy        string      `json:"latencyFloorWhy,omitempty"`
	Container       string      `json:"container,omitempty"`
	Encrypted       bool        `json:"encrypted"`
	Renditions      []Rendition `json:"renditions"`
	// Names are what the renditions are called here, for source_renditions.
	Names    []string  `json:"names,omitempty"`
	Findings []Finding `json:"findings"`
	// Command and Configuration attach to it.
	Command       string `json:"command,omitempty"`
	Configuration string `json:"configuration,omitempty"`
}

func (r *Report) say(level Level, topic, text, advice string) {
	r.Findings = append(r.Findings, Finding{level, topic, text, advice})
}

// Exit codes for scripts; 2 is the command line's.
const (
	ExitGood    = 0
	ExitNothing = 1
	ExitWarned  = 3
	ExitWaiting = 4
)

// Exit is the exit code: 0 good, 1 nothing that can be attached to, 3 it can be, with
// warnings, 4 it is not live.
func (r *Report) Exit() int {
	switch {
	case r.Attachable && !r.Live:
		return ExitWaiting
	case !r.Attachable:
		return ExitNothing
	}
	for _, f := range r.Findings {
		if f.Level == Warn || f.Level == Bad {
			return ExitWarned
		}
	}
	return ExitGood
}

// Write prints the report for people.
func (r *Report) Write(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.URL)
	r.writeStream(&b)
	b.WriteString("\n")
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "  %-8s %-13s %s\n", f.Level, f.Topic, f.Text)
		if f.Advice != "" {
			fmt.Fprintf(&b, "  %-22s → %s\n", "", f.Advice)
		}
	}
	if r.Command != "" {
		fmt.Fprintf(&b, "\nTo attach to it:\n\n  %s\n\nor in liverelay.yaml:\n\n%s", r.Command, r.Configuration)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// writeStream writes what the stream is, a line for each thing that is known.
func (r *Report) writeStream(b *strings.Builder) {
	row := func(name, format string, args ...any) {
		fmt.Fprintf(b, "  %-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	if r.Kind != "" {
		row("kind", "%s", r.Kind)
	}
	if r.Title != "" {
		row("title", "%s", r.Title)
	}
	if r.Media != "" && r.Media != r.URL {
		row("media", "%s", r.Media)
	}
	for _, one := range r.Renditions {
		text := fmt.Sprintf("%.1f Mbit/s %s", float64(one.Bandwidth)/1e6, one.Codecs)
		if one.Height > 0 {
			text = fmt.Sprintf("%dx%d, %s", one.Width, one.Height, text)
		}
		row("rendition", "%s", strings.TrimSpace(text))
	}
	if len(r.Names) > 1 {
		row("names", "%s (source_renditions chooses)", strings.Join(r.Names, ", "))
	}
	if r.SegmentSeconds > 0 {
		parts := "whole segments"
		if r.LowLatency {
			parts = fmt.Sprintf("parts of %.3g s (LL-HLS)", r.PartSeconds)
		}
		row("cut into", "%s; segments of %.3g s, %s", parts, r.SegmentSeconds, r.Container)
	}
	if r.KeyframeSeconds > 0 {
		row("keyframes", "every %.3g s", r.KeyframeSeconds)
	}
	if r.FloorSeconds > 0 {
		row("latency", "about %.1f s at best: %s", r.FloorSeconds, r.FloorWhy)
	}
}

package llhls

import (
	"fmt"
	"time"
)

const (
	// partShare is the least share of PART-TARGET of any part but a segment's last
	// (§4.4.4.9).
	partShare = 0.85
	// rounding is what decimal fractions may be off by.
	rounding = 2 * time.Millisecond
	// dateDrift is the share of a segment, and no less than dateRounding, by which its
	// program time may differ from what the durations before it say.
	dateDrift    = 0.05
	dateRounding = 20 * time.Millisecond
	// datesApart is by how much program times and durations may differ across the whole
	// playlist: players begin by one or the other (hls.js aligns its first playlists by
	// dates), and jump over holes of up to 0.1 s.
	datesApart = 100 * time.Millisecond
)

// CheckPlaylist says what is wrong with a playlist by itself; nothing when it keeps
// every rule. A delta update must be merged first.
func CheckPlaylist(p *Playlist) []string {
	c := checker{p: p}
	c.constants()
	for i, s := range p.Segments {
		c.segment(i, s)
	}
	c.dates()
	c.hints()
	return c.found
}

// CheckProfile says what a low-latency playlist lacks of what Apple's authoring
// specification (§14) and the server configuration profile (appendix B) ask for beyond
// the rules. others is the number of the other renditions.
func CheckProfile(p *Playlist, others int) []string {
	c := checker{p: p}
	c.say(p.Control.PartHoldBack < 3*p.PartTarget-rounding, "PART-HOLD-BACK %v is below three part targets", p.Control.PartHoldBack)
	c.say(!p.Ended && len(p.Reports) < others, "%d rendition reports, of %d", len(p.Reports), others)
	dated := false
	for _, s := range p.Segments {
		dated = dated || !s.ProgramTime.IsZero()
	}
	c.say(!dated, "no EXT-X-PROGRAM-DATE-TIME")
	c.say(p.Control.CanSkipUntil == 0, "no delta updates")
	return c.found
}

type checker struct {
	p     *Playlist
	found []string
}

func (c *checker) say(bad bool, format string, args ...any) {
	if bad {
		c.found = append(c.found, fmt.Sprintf(format, args...))
	}
}

func (c *checker) constants() {
	p, k := c.p, c.p.Control
	c.say(p.TargetDuration <= 0, "TARGETDURATION is 0")
	c.say(p.Skipped > 0 && p.Version < 9, "EXT-X-SKIP asks for version 9")
	c.say(p.Version < 6, "EXT-X-MAP asks for version 6")
	c.say(k.CanSkipUntil > 0 && k.CanSkipUntil < 6*p.TargetDuration, "CAN-SKIP-UNTIL is below six target durations")
	c.say(k.HoldBack > 0 && k.HoldBack < 3*p.TargetDuration, "HOLD-BACK is below three target durations")
	if p.PartTarget == 0 {
		return
	}
	c.say(k.PartHoldBack < 2*p.PartTarget-rounding, "PART-HOLD-BACK %v is below two part targets", k.PartHoldBack)
	c.say(p.PartTarget > p.TargetDuration, "PART-TARGET is above TARGETDURATION")
	c.say(!k.BlockReload, "parts without CAN-BLOCK-RELOAD")
}

func (c *checker) segment(i int, s Segment) {
	p := c.p
	c.say(s.Open() && i != len(p.Segments)-1, "segment %d is open and not the last", s.MSN)
	c.say(s.Duration.Round(time.Second) > p.TargetDuration, "segment %d of %v is above TARGETDURATION", s.MSN, s.Duration)
	c.say(!s.Open() && s.Duration == 0, "segment %d has no length", s.MSN)
	c.say(len(s.Parts) > 0 && p.PartTarget == 0, "segment %d has parts without EXT-X-PART-INF", s.MSN)
	var sum time.Duration
	gaps := 0
	for k, part := range s.Parts {
		sum += part.Duration
		c.say(part.Duration > p.PartTarget, "part %d.%d of %v is above PART-TARGET %v", s.MSN, k, part.Duration, p.PartTarget)
		short := part.Duration < time.Duration(float64(p.PartTarget)*partShare)
		c.say(short && k < len(s.Parts)-1, "part %d.%d of %v is below 85 %% of PART-TARGET %v", s.MSN, k, part.Duration, p.PartTarget)
		c.say(part.Gap && part.Independent, "part %d.%d is a gap and independent", s.MSN, k)
		if part.Gap {
			gaps++
		}
	}
	if s.Open() || len(s.Parts) == 0 {
		return
	}
	c.say((sum-s.Duration).Abs() > rounding, "parts of segment %d make %v of %v", s.MSN, sum, s.Duration)
	c.say(s.Gap && gaps < len(s.Parts), "segment %d is a gap, not all of its parts are", s.MSN)
	c.say(p.Independent && !s.Gap && !s.Parts[0].Gap && !s.Parts[0].Independent,
		"segment %d begins with a dependent part under EXT-X-INDEPENDENT-SEGMENTS", s.MSN)
}

// dates checks that program times grow as the durations say, from each segment to the next
// and across the playlist.
func (c *checker) dates() {
	var due, apart time.Time
	var allowed time.Duration
	isApart := false
	for _, s := range c.p.Segments {
		if s.Discontinuity {
			apart = time.Time{}
		}
		if !s.ProgramTime.IsZero() {
			c.say(!due.IsZero() && !s.Discontinuity && s.ProgramTime.Sub(due).Abs() > allowed,
				"program time of segment %d is %v off", s.MSN, s.ProgramTime.Sub(due))
			due = s.ProgramTime
			if apart.IsZero() {
				apart = due
			}
			if off := due.Sub(apart); off.Abs() > datesApart && !isApart {
				isApart = true
				c.say(true, "program time of segment %d is %v off what the durations before it add up to", s.MSN, off)
			}
		}
		if !apart.IsZero() {
			apart = apart.Add(s.Length())
		}
		if !due.IsZero() {
			due = due.Add(s.Length())
			allowed = max(dateRounding, time.Duration(float64(s.Length())*dateDrift))
		}
	}
}

func (c *checker) hints() {
	p := c.p
	parts := 0
	for _, h := range p.Hints {
		if h.Type == "PART" {
			parts++
		}
		for _, s := range p.Segments {
			for _, part := range s.Parts {
				c.say(part.URI == h.URI && part.ByteRange == "", "hint for %s, which is there", h.URI)
			}
		}
	}
	c.say(p.IFramesOnly && parts > 0, "a hint in a playlist of I-frames")
	c.say(parts > 1, "more than one hint for a part")
	c.say(p.Ended && len(p.Hints) > 0, "a hint behind the end")
	c.say(!p.Ended && p.PartTarget > 0 && parts == 0, "no hint for the next part")
	for _, r := range p.Reports {
		c.say(p.PartTarget > 0 && !r.HasPart, "report on %s without LAST-PART", r.URI)
	}
}

package probe

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// State is what is known of a rule.
type State string

// The states of a rule. Untested: the server offers nothing to try it on.
const (
	Kept     State = "kept"
	Broken   State = "broken"
	Untested State = "untested"
)

// Rule is one thing that was tried.
type Rule struct {
	// Name is short and stable; Meaning says what must be so.
	Name    string `json:"name"`
	Meaning string `json:"meaning"`
	State   State  `json:"state"`
	// Tried counts the observations, Failed those that broke the rule; Findings has
	// the first few of them.
	Tried    int      `json:"tried"`
	Failed   int      `json:"failed"`
	Findings []string `json:"findings,omitempty"`
}

// Rendition is what was seen of one media playlist.
type Rendition struct {
	Name    string `json:"name"`
	URL     string `json:"url"`
	Reloads int    `json:"reloads"`
	Parts   int    `json:"parts"`
	// Uneven is how much later than the earliest, relative to their program time, 95 % of
	// the blocking reloads were answered, in seconds.
	Uneven float64 `json:"unevenSeconds"`
}

// Report is the verdict on one address.
type Report struct {
	URL string `json:"url"`
	// LowLatency: there are parts and blocking reloads.
	LowLatency bool        `json:"lowLatency"`
	Renditions []Rendition `json:"renditions"`
	Rules      []Rule      `json:"rules"`
	Seconds    float64     `json:"seconds"`
}

// OK says that it is low-latency HLS and no rule was broken.
func (r Report) OK() bool { return r.LowLatency && len(r.Of(Broken)) == 0 }

// Of returns the rules in a state.
func (r Report) Of(s State) []Rule {
	var some []Rule
	for _, rule := range r.Rules {
		if rule.State == s {
			some = append(some, rule)
		}
	}
	return some
}

// String is the report for people.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: low latency %v, %d renditions, %d rules kept, %d broken, %d untested\n",
		r.URL, r.LowLatency, len(r.Renditions), len(r.Of(Kept)), len(r.Of(Broken)), len(r.Of(Untested)))
	for _, rule := range r.Rules {
		fmt.Fprintf(&b, "%-9s %-14s %s (%d of %d)\n", rule.State, rule.Name, rule.Meaning, rule.Tried-rule.Failed, rule.Tried)
		for _, f := range rule.Findings {
			fmt.Fprintf(&b, "%25s%s\n", "", f)
		}
	}
	return b.String()
}

// The rules, by name.
const (
	ruleReachable  = "reachable"
	ruleSyntax     = "syntax"
	rulePlaylist   = "playlist"
	ruleReload     = "reload"
	ruleConstants  = "constants"
	ruleHeld       = "held"
	rulePrompt     = "prompt"
	rulePastFinal  = "past-final"
	ruleFarFuture  = "far-future"
	ruleDelta      = "delta"
	ruleBoundary   = "skip-boundary"
	ruleReports    = "reports"
	ruleHint       = "hint"
	ruleWhole      = "whole"
	ruleTimes      = "decode-times"
	ruleLength     = "length"
	ruleKeyParts   = "independent"
	ruleKeyframes  = "keyframes"
	ruleSequence   = "discontinuity"
	ruleProfile    = "profile"
	ruleGaps       = "gaps"
	ruleAudioOnly  = "audio-only"
	ruleIFrames    = "i-frames"
	findingsKept   = 4
	findingsLength = 300
)

func allRules() []Rule {
	return []Rule{
		{Name: ruleReachable, Meaning: "everything that playlists name can be had"},
		{Name: ruleSyntax, Meaning: "playlists can be read by the letter of the draft"},
		{Name: rulePlaylist, Meaning: "each playlist keeps the rules by itself"},
		{Name: ruleReload, Meaning: "a later playlist changes nothing that it must not"},
		{Name: ruleConstants, Meaning: "TARGETDURATION, PART-TARGET and SERVER-CONTROL are the same in all renditions"},
		{Name: ruleProfile, Meaning: "hold-back, reports, dates and delta updates are as the server profile has them"},
		{Name: ruleHeld, Meaning: "a blocking reload is answered when the part is there, not before"},
		{Name: rulePrompt, Meaning: "a blocking reload is answered within half a second of the part, 95 % of them"},
		{Name: rulePastFinal, Meaning: "a part index past the final part means the next segment's first part"},
		{Name: ruleFarFuture, Meaning: "a segment far ahead is refused at once with 400"},
		{Name: ruleDelta, Meaning: "a delta update says what the whole playlist says"},
		{Name: ruleBoundary, Meaning: "a delta update skips nothing within CAN-SKIP-UNTIL of the end"},
		{Name: ruleReports, Meaning: "rendition reports are true when they are sent"},
		{Name: ruleHint, Meaning: "a hinted part is held until it exists, and is the one that comes"},
		{Name: ruleWhole, Meaning: "a segment is its parts, byte for byte"},
		{Name: ruleTimes, Meaning: "decode times go on without a break"},
		{Name: ruleLength, Meaning: "media lasts as long as the playlist says"},
		{Name: ruleKeyParts, Meaning: "parts that say so begin with a keyframe"},
		{Name: ruleKeyframes, Meaning: "every keyframe of the best rendition is one in all others"},
		{Name: ruleSequence, Meaning: "discontinuity sequence numbers match in all renditions"},
		{Name: ruleGaps, Meaning: "what is a gap can't be loaded"},
		{Name: ruleAudioOnly, Meaning: "there is a variant without picture"},
		{Name: ruleIFrames, Meaning: "I-frame playlists lead to keyframes"},
	}
}

// book collects what is found, from any goroutine.
type book struct {
	mu    sync.Mutex
	rules []Rule
}

// say notes one observation of a rule.
func (b *book) say(rule string, ok bool, format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.rules, func(r Rule) bool { return r.Name == rule })
	r := &b.rules[i]
	r.Tried++
	if ok {
		return
	}
	if r.Failed++; len(r.Findings) < findingsKept {
		text := fmt.Sprintf(format, args...)
		r.Findings = append(r.Findings, strings.ToValidUTF8(text[:min(len(text), findingsLength)], "?"))
	}
}

// all notes one observation that found what is in the list.
func (b *book) all(rule, where string, found []string) {
	b.say(rule, len(found) == 0, "%s: %s", where, strings.Join(found, "; "))
}

func (b *book) close() []Rule {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.rules {
		r := &b.rules[i]
		switch {
		case r.Failed > 0:
			r.State = Broken
		case r.Tried > 0:
			r.State = Kept
		default:
			r.State = Untested
		}
	}
	return b.rules
}

// percentile of some durations; 0 of none.
func percentile(of []time.Duration, p float64) time.Duration {
	if len(of) == 0 {
		return 0
	}
	sorted := slices.Clone(of)
	slices.Sort(sorted)
	return sorted[min(len(sorted)-1, int(float64(len(sorted))*p))]
}

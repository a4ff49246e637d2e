package tracker

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/liverelay/liverelay/tracker/forest"
)

// Bounds of what a viewer's messages hold, beside their size as a whole.
const (
	maxName      = 64 // stream, epoch, peer, sdpMid
	maxToken     = 512
	maxAgent     = 128
	maxCandidate = 1024
	maxReported  = 64
	maxFollowed  = 16
	maxPlans     = 16
	maxPlace     = 32
)

// request is a message from a viewer: all fields of all types.
type request struct {
	Type string `json:"type"`

	Stream string `json:"stream"`
	Epoch  string `json:"epoch"`
	Token  string `json:"token"`
	Agent  string `json:"agent"`
	Secret string `json:"secret"`
	Plans  []held `json:"plans"`

	Follow     []int    `json:"follow"`
	Renditions []int    `json:"renditions"`
	Upload     *float64 `json:"upload"`

	Peer          forest.Peer `json:"peer"`
	SDP           string      `json:"sdp"`
	Candidate     string      `json:"candidate"`
	SDPMid        *string     `json:"sdpMid"`
	SDPMLineIndex *uint16     `json:"sdpMLineIndex"`

	Connected     []forest.Peer       `json:"connected"`
	Failed        []forest.Peer       `json:"failed"`
	Suspect       []forest.Peer       `json:"suspect"`
	Late          map[forest.Peer]int `json:"late"`
	HTTPBytes     float64             `json:"httpBytes"`
	P2PBytes      float64             `json:"p2pBytes"`
	UploadedBytes float64             `json:"uploadedBytes"`

	T float64 `json:"t"`
}

// held is a plan that a viewer has when it joins, as a tracker told it.
type held struct {
	Renditions []int           `json:"renditions"`
	Stripes    []forest.Source `json:"stripes"`
	Place      string          `json:"place"`
}

// parse reads a viewer's message. Fields that its type hasn't are skipped.
func parse(data []byte) (request, error) {
	var r request
	if err := json.Unmarshal(data, &r); err != nil {
		return request{}, fmt.Errorf("no JSON object as described: %w", err)
	}
	switch {
	case len(r.Stream) > maxName, len(r.Epoch) > maxName, len(r.Peer) > maxName, len(r.Agent) > maxAgent,
		len(r.Token) > maxToken, len(r.Candidate) > maxCandidate, r.SDPMid != nil && len(*r.SDPMid) > maxName,
		len(r.Connected) > maxReported, len(r.Failed) > maxReported, len(r.Suspect) > maxReported,
		len(r.Late) > maxReported, len(r.Follow) > maxFollowed, len(r.Renditions) > maxFollowed:
		return request{}, fmt.Errorf("a field of %.16q is too long", r.Type)
	case r.Secret != "" && (len(r.Secret) < minSecret || len(r.Secret) > maxSecret):
		return request{}, fmt.Errorf("a secret has %d to %d bytes", minSecret, maxSecret)
	case len(r.Plans) > maxPlans || slices.ContainsFunc(r.Plans, held.tooLong) || slices.ContainsFunc(r.Connected, tooLong):
		return request{}, fmt.Errorf("what %.16q has is too long", r.Type)
	}
	return r, nil
}

func tooLong(id forest.Peer) bool { return len(id) > maxName }

func (p held) tooLong() bool {
	return len(p.Renditions) > maxFollowed || len(p.Stripes) > forest.Stripes || len(p.Place) > maxPlace ||
		slices.ContainsFunc(p.Stripes, func(s forest.Source) bool { return tooLong(s.Parent) || tooLong(s.Standby) })
}

// joins is a join as the plan takes it, without the id.
func (r request) joins() forest.Join {
	j := forest.Join{Follow: r.Follow, Upload: r.lends(), Connected: r.Connected}
	for _, p := range r.Plans {
		plan := &forest.Plan{Renditions: p.Renditions, Place: p.Place}
		copy(plan.Stripes[:], p.Stripes)
		j.Plans = append(j.Plans, plan)
	}
	return j
}

// lends is the upload that a join claims, in bit/s; −1 when it says nothing.
func (r request) lends() int64 {
	if r.Upload == nil || *r.Upload < 0 {
		return -1
	}
	return int64(min(*r.Upload, fastest*8))
}

// The messages to a viewer.
type (
	welcome struct {
		Type   string      `json:"type"`
		Peer   forest.Peer `json:"peer"`
		Secret string      `json:"secret"`
		Now    int64       `json:"now"`
	}
	instruction struct {
		Type string      `json:"type"`
		Peer forest.Peer `json:"peer"`
		Role string      `json:"role,omitempty"`
	}
	plan struct {
		Type       string                        `json:"type"`
		Serial     uint64                        `json:"serial"`
		Renditions []int                         `json:"renditions"`
		Stripes    [forest.Stripes]forest.Source `json:"stripes"`
		Place      string                        `json:"place"`
	}
	description struct {
		Type string      `json:"type"`
		Peer forest.Peer `json:"peer"`
		SDP  string      `json:"sdp"`
	}
	candidate struct {
		Type          string      `json:"type"`
		Peer          forest.Peer `json:"peer"`
		Candidate     string      `json:"candidate"`
		SDPMid        *string     `json:"sdpMid"`
		SDPMLineIndex *uint16     `json:"sdpMLineIndex"`
	}
	pong struct {
		Type string  `json:"type"`
		T    float64 `json:"t"`
		Now  int64   `json:"now"`
	}
	complaint struct {
		Type    string `json:"type"`
		Code    Code   `json:"code"`
		Message string `json:"message"`
	}
)

// encode builds a message to a viewer. None of the types above can fail.
func encode(message any) []byte {
	data, err := json.Marshal(message)
	if err != nil {
		return nil
	}
	return data
}

// passedOn is what the other end gets to see of an offer, answer or candidate.
func passedOn(from forest.Peer, r request) []byte {
	if r.Type == "candidate" {
		return encode(candidate{r.Type, from, r.Candidate, r.SDPMid, r.SDPMLineIndex})
	}
	return encode(description{r.Type, from, r.SDP})
}

// instructed is the message for an action of the plan.
func instructed(a forest.Action) []byte {
	switch a.Kind {
	case forest.NewPlan:
		return encode(plan{"plan", a.Plan.Serial, a.Plan.Renditions, a.Plan.Stripes, a.Plan.Place})
	case forest.Connect:
		role := "answer"
		if a.Role == forest.Offer {
			role = "offer"
		}
		return encode(instruction{"connect", a.About, role})
	case forest.Disconnect:
		return encode(instruction{"disconnect", a.About, ""})
	default:
		return encode(instruction{"gone", a.About, ""})
	}
}

// Code says what went wrong (docs/protocol.md section 8).
type Code string

// The codes of error messages. All but NotConnected end the connection.
const (
	BadMessage       Code = "bad-message"
	NotAdmitted      Code = "not-admitted"
	UnknownBroadcast Code = "unknown-broadcast"
	NotConnected     Code = "not-connected"
	TooMany          Code = "too-many"
	Slow             Code = "slow"
	Replaced         Code = "replaced"
)

// fault is an error that the viewer is told about.
type fault struct {
	code    Code
	message string
}

func (f *fault) Error() string { return string(f.code) + ": " + f.message }

func (f *fault) encode() []byte { return encode(complaint{"error", f.code, f.message}) }

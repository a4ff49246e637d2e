package tracker

import (
	"encoding/json"
	"fmt"

	"github.com/liverelay/liverelay/tracker/topology"
)

// Bounds of what a viewer's messages hold, beside their size as a whole.
const (
	maxName      = 64 // stream, epoch, peer, sdpMid
	maxToken     = 512
	maxAgent     = 128
	maxCandidate = 1024
	maxReported  = 64
)

// request is a message from a viewer: all fields of all types.
type request struct {
	Type string `json:"type"`

	Stream string `json:"stream"`
	Epoch  string `json:"epoch"`
	Token  string `json:"token"`
	Agent  string `json:"agent"`

	Peer          topology.Peer `json:"peer"`
	SDP           string        `json:"sdp"`
	Candidate     string        `json:"candidate"`
	SDPMid        *string       `json:"sdpMid"`
	SDPMLineIndex *uint16       `json:"sdpMLineIndex"`

	Connected     []topology.Peer `json:"connected"`
	Failed        []topology.Peer `json:"failed"`
	HTTPBytes     float64         `json:"httpBytes"`
	P2PBytes      float64         `json:"p2pBytes"`
	UploadedBytes float64         `json:"uploadedBytes"`

	T float64 `json:"t"`
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
		len(r.Connected) > maxReported, len(r.Failed) > maxReported:
		return request{}, fmt.Errorf("a field of %.16q is too long", r.Type)
	}
	return r, nil
}

// The messages to a viewer.
type (
	welcome struct {
		Type string        `json:"type"`
		Peer topology.Peer `json:"peer"`
		Now  int64         `json:"now"`
	}
	instruction struct {
		Type string        `json:"type"`
		Peer topology.Peer `json:"peer"`
		Role string        `json:"role,omitempty"`
	}
	description struct {
		Type string        `json:"type"`
		Peer topology.Peer `json:"peer"`
		SDP  string        `json:"sdp"`
	}
	candidate struct {
		Type          string        `json:"type"`
		Peer          topology.Peer `json:"peer"`
		Candidate     string        `json:"candidate"`
		SDPMid        *string       `json:"sdpMid"`
		SDPMLineIndex *uint16       `json:"sdpMLineIndex"`
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
func passedOn(from topology.Peer, r request) []byte {
	if r.Type == "candidate" {
		return encode(candidate{r.Type, from, r.Candidate, r.SDPMid, r.SDPMLineIndex})
	}
	return encode(description{r.Type, from, r.SDP})
}

// instructed is the message for an action of the plan.
func instructed(a topology.Action) []byte {
	switch a.Kind {
	case topology.Connect:
		role := "answer"
		if a.Role == topology.Offer {
			role = "offer"
		}
		return encode(instruction{"connect", a.About, role})
	case topology.Disconnect:
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
)

// fault is an error that the viewer is told about.
type fault struct {
	code    Code
	message string
}

func (f *fault) Error() string { return string(f.code) + ": " + f.message }

func (f *fault) encode() []byte { return encode(complaint{"error", f.code, f.message}) }

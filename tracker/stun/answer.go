package stun

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"

	"github.com/pion/stun/v3"
)

const (
	headerSize      = 20
	cookie          = 0x2112A442
	bindingRequest  = 0x0001
	fingerprintSize = 8  // with its own header
	maxUnknown      = 16 // attributes named in a 420 answer
)

// responder builds answers. It reuses its buffers: an answer is valid until the
// next call, and one goroutine uses a responder.
type responder struct {
	in, out *stun.Message
}

func newResponder() *responder {
	return &responder{in: stun.New(), out: stun.New()}
}

// answer returns what to send back for a packet, or nil for nothing.
func (r *responder) answer(packet []byte, from netip.AddrPort) []byte {
	if !plausible(packet) {
		return nil
	}
	r.in.Raw = append(r.in.Raw[:0], packet...)
	if r.in.Decode() != nil || !r.fingerprintFits() {
		return nil
	}
	unknown := r.unknown()
	var err error
	if len(unknown) > 0 {
		err = r.refuse(unknown)
	} else {
		err = r.succeed(from)
	}
	if err != nil {
		return nil
	}
	return r.out.Raw
}

// plausible looks at the header alone, so that garbage costs next to nothing.
func plausible(packet []byte) bool {
	return len(packet) >= headerSize && len(packet)%4 == 0 &&
		binary.BigEndian.Uint16(packet) == bindingRequest &&
		int(binary.BigEndian.Uint16(packet[2:])) == len(packet)-headerSize &&
		binary.BigEndian.Uint32(packet[4:]) == cookie
}

// fingerprintFits checks FINGERPRINT (RFC 8489 §14.7) if there is one; it has to be
// the last attribute.
func (r *responder) fingerprintFits() bool {
	for i, a := range r.in.Attributes {
		if a.Type != stun.AttrFingerprint {
			continue
		}
		at := len(r.in.Raw) - fingerprintSize
		return i == len(r.in.Attributes)-1 && len(a.Value) == 4 &&
			binary.BigEndian.Uint32(a.Value) == stun.FingerprintValue(r.in.Raw[:at])
	}
	return true
}

// unknown lists the attributes that a server has to understand and that this one
// doesn't: among them RESPONSE-PORT and CHANGE-REQUEST (RFC 5780), with which an
// answer could be sent elsewhere. Credentials are understood and not needed.
func (r *responder) unknown() stun.UnknownAttributes {
	var unknown stun.UnknownAttributes
	for _, a := range r.in.Attributes {
		switch a.Type {
		case stun.AttrUsername, stun.AttrMessageIntegrity, stun.AttrMessageIntegritySHA256:
		default:
			if a.Type.Required() && len(unknown) < maxUnknown {
				unknown = append(unknown, a.Type)
			}
		}
	}
	return unknown
}

// refuse builds a 420 answer (RFC 8489 §6.3.1).
func (r *responder) refuse(unknown stun.UnknownAttributes) error {
	r.begin(stun.BindingError)
	if err := (stun.ErrorCodeAttribute{Code: stun.CodeUnknownAttribute}).AddTo(r.out); err != nil {
		return fmt.Errorf("add ERROR-CODE: %w", err)
	}
	if err := unknown.AddTo(r.out); err != nil {
		return fmt.Errorf("add UNKNOWN-ATTRIBUTES: %w", err)
	}
	return r.end()
}

func (r *responder) succeed(from netip.AddrPort) error {
	r.begin(stun.BindingSuccess)
	ip := from.Addr().Unmap().As16()
	mapped := stun.XORMappedAddress{IP: net.IP(ip[:]), Port: int(from.Port())}
	if err := mapped.AddTo(r.out); err != nil {
		return fmt.Errorf("add XOR-MAPPED-ADDRESS: %w", err)
	}
	return r.end()
}

func (r *responder) begin(t stun.MessageType) {
	r.out.Reset()
	r.out.TransactionID = r.in.TransactionID
	r.out.Type = t
	r.out.WriteHeader()
}

func (r *responder) end() error {
	if err := stun.Fingerprint.AddTo(r.out); err != nil {
		return fmt.Errorf("add FINGERPRINT: %w", err)
	}
	return nil
}

package rtmp

// Types of RTMP messages (RTMP 1.0 §5.4, §7.1).
const (
	typeSetChunkSize = 1
	typeAbort        = 2
	typeUserControl  = 4
	typeAudio        = 8
	typeVideo        = 9
	typeData3        = 15 // AMF 3
	typeCommand3     = 17 // AMF 3
	typeData         = 18
	typeCommand      = 20
	typeAggregate    = 22
)

// Bounds of messages. Before a key was accepted nothing but commands is needed.
const (
	maxControl  = 64
	maxCommand  = 16 << 10
	maxStranger = 64 << 10  // any message before publish
	maxScript   = 256 << 10 // metadata
	maxAudio    = 1 << 20
	maxVideo    = 8 << 20 // more than a keyframe of 4K has

	strangerMemory  = 128 << 10 // incomplete messages of one connection, before publish
	publisherMemory = 12 << 20  // and after
	strangerBytes   = 512 << 10 // all that a connection may send before publish
	maxParts        = 1024      // messages within an aggregate
)

// strangersLimit bounds messages before publish.
func strangersLimit(kind byte) int {
	switch {
	case kind <= 6:
		return maxControl
	case kind == typeCommand || kind == typeCommand3:
		return maxCommand
	default:
		return maxStranger
	}
}

// publishersLimit bounds messages after a key was accepted.
func publishersLimit(kind byte) int {
	switch kind {
	case typeAudio:
		return maxAudio
	case typeVideo, typeAggregate:
		return maxVideo
	case typeData, typeData3:
		return maxScript
	default:
		return strangersLimit(kind)
	}
}

// splitAggregate unpacks an aggregate message (RTMP 1.0 §7.1.6): FLV tags, each with
// the length of the one before behind it. Their timestamps count from the first, to
// which the message's own belongs. What is broken at the end is left out.
func splitAggregate(m message) []message {
	const header, trailer = 11, 4
	var parts []message
	var first uint32
	for b := m.body; len(b) >= header && len(parts) < maxParts; {
		size := int(b[1])<<16 | int(b[2])<<8 | int(b[3])
		if header+size > len(b) {
			break
		}
		at := uint32(b[7])<<24 | uint32(b[4])<<16 | uint32(b[5])<<8 | uint32(b[6])
		if len(parts) == 0 {
			first = at
		}
		if size > 0 {
			parts = append(parts, message{b[0], m.stream, m.time + at - first, b[header : header+size]})
		}
		b = b[min(header+size+trailer, len(b)):]
	}
	return parts
}

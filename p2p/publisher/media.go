package publisher

import (
	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/wire"
)

// carried is the media of one part, as frames that all feeds share: the init segment
// that it needs, and its chunks.
type carried struct {
	rendition int
	init      []byte // a whole frame; nil when it is too long for one
	number    int    // of the init segment
	chunks    []chunkFrame
	size      int64
}

// chunkFrame is one chunk's frame: what stands before the media, and the media
// itself, which is the part's own.
type chunkFrame struct {
	stripe       uint8 // one bit
	before, data []byte
}

// carry cuts a part as its head says.
func carry(p *media.Part, chunks int) *carried {
	c := &carried{rendition: p.Rendition, number: p.Init, size: int64(len(p.Data)), chunks: make([]chunkFrame, chunks)}
	id := wire.PartID{Rendition: p.Rendition, Number: p.Number}
	for i := range c.chunks {
		from, to := wire.ChunkBounds(len(p.Data), chunks, i)
		c.chunks[i] = chunkFrame{
			stripe: 1 << wire.Stripe(p.Number, i, chunks),
			before: wire.AppendDataFrame(nil, id, i, to-from),
			data:   p.Data[from:to:to],
		}
	}
	return c
}

// append adds the frames of the wanted stripes, in pieces.
func (c *carried) append(dst [][]byte, stripes uint8) [][]byte {
	for _, f := range c.chunks {
		if f.stripe&stripes != 0 {
			dst = append(dst, f.before, f.data)
		}
	}
	return dst
}

// initFrame is the frame of an init segment, nil when it is too long for one; then
// it is to be had by its address alone.
func initFrame(i media.Init) []byte {
	payload, err := wire.AppendInit(nil, wire.Init{Rendition: i.Rendition, Number: i.Number, Bytes: i.Data})
	if err != nil {
		return nil
	}
	return wire.AppendFrame(nil, wire.TypeInit, payload)
}

package ladder

import (
	"bufio"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

const (
	// linesLimit lines of stderr a linesWindow go to the log; the rest is counted.
	linesLimit  = 10
	linesWindow = 10 * time.Second
	// lineLength cuts long lines.
	lineLength = 300
)

// complaints takes ffmpeg's stderr to the log, a few lines at a time.
type complaints struct {
	log    zerolog.Logger
	newest atomic.Pointer[string]
}

func newComplaints(log zerolog.Logger) *complaints { return &complaints{log: log} }

// read takes lines until the pipe's other end is closed.
func (c *complaints) read(f io.ReadCloser) {
	defer f.Close() //nolint:errcheck // only read from
	in := bufio.NewReaderSize(f, 4096)
	var window time.Time
	var lines, silent int
	for {
		raw, _, err := in.ReadLine() // a longer line comes in several pieces
		if err != nil {
			break
		}
		line := strings.ToValidUTF8(strings.TrimSpace(string(raw[:min(len(raw), lineLength)])), "?")
		if line == "" {
			continue
		}
		c.newest.Store(&line)
		if now := time.Now(); now.Sub(window) > linesWindow {
			window, lines = now, 0
		}
		if lines++; lines > linesLimit {
			silent++
			continue
		}
		c.log.Warn().Str("line", line).Int("silent", silent).Msg("ffmpeg says")
		silent = 0
	}
	if silent > 0 {
		c.log.Warn().Int("silent", silent).Msg("ffmpeg said more")
	}
}

// last returns the newest line.
func (c *complaints) last() string {
	if p := c.newest.Load(); p != nil {
		return *p
	}
	return ""
}

package ladder

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// pids is a log that remembers which processes were started, and every line.
type pids struct {
	mu      sync.Mutex
	started []int
	lines   []string
}

func (p *pids) Write(line []byte) (int, error) {
	var e struct{ Pid int }
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, string(line))
	if err := json.Unmarshal(line, &e); err == nil && strings.Contains(string(line), "ffmpeg started") {
		p.started = append(p.started, e.Pid)
	}
	return len(line), nil
}

// newest returns the last process, and how many there were.
func (p *pids) newest() (pid, count int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.started) == 0 {
		return 0, 0
	}
	return p.started[len(p.started)-1], len(p.started)
}

func (p *pids) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "")
}

// trouble is a ladder under test whose source never ends.
type trouble struct {
	*Process
	out *collector
	log *pids
}

// startTrouble feeds a source in real time, in a loop with times that go on, until
// the test ends. The source has but one keyframe in ten seconds.
func startTrouble(t *testing.T, change func(*Config)) trouble {
	t.Helper()
	s := makeSource(t, "testsrc2=size=320x240:rate=30", "-t", "10", "-g", "300", "-bf", "0")
	log := &pids{}
	cfg := testConfig(t)
	cfg.Log, cfg.Queue = zerolog.New(log), 240
	cfg.Stall, cfg.RetryFirst, cfg.RetryMost = 700*time.Millisecond, 20*time.Millisecond, 100*time.Millisecond
	change(&cfg)
	out := newCollector(2)
	rungs := Choose(s.track, Settings{Wishes: []Wish{{Height: 144}, {Height: 96}}})
	p, err := Start(t.Context(), cfg, rungs, s.track, out)
	require.NoError(t, err)
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		for round := 0; t.Context().Err() == nil && round < 6; round++ {
			play(t.Context(), p, s.exact(time.Duration(round)*11*time.Second).units, 33*time.Millisecond)
		}
	}()
	t.Cleanup(func() {
		<-fed
		p.Close()
		goleak.VerifyNone(t)
	})
	return trouble{Process: p, out: out, log: log}
}

func (tr trouble) wait(t *testing.T, what string, cond func() bool) {
	t.Helper()
	require.Eventually(t, cond, soon, 5*time.Millisecond, what)
}

// recovers waits until ffmpeg failed with the error and is back.
func (tr trouble) recovers(t *testing.T, want error) {
	t.Helper()
	tr.wait(t, "failure", func() bool { _, errs := tr.out.counts(); return errs > 0 })
	before, _ := tr.out.counts()
	tr.wait(t, "units again", func() bool { units, _ := tr.out.counts(); return units > before+5 })
	tr.out.mu.Lock()
	defer tr.out.mu.Unlock()
	require.ErrorIs(t, tr.out.errs[0], want)
	require.Regexp(t, `^(t?u*!)+tu+$`, tr.out.log, "a failure, then a track, then units")
	for rung, units := range tr.out.units {
		for i := 1; i < len(units); i++ {
			require.Greater(t, units[i].PTS, units[i-1].PTS, "rung %d", rung)
		}
	}
}

// running waits until units flow.
func (tr trouble) running(t *testing.T) int {
	t.Helper()
	tr.wait(t, "units", func() bool { units, _ := tr.out.counts(); return units > 10 })
	pid, _ := tr.log.newest()
	return pid
}

func TestKilledEncoderIsBackBeforeTheNextKeyframe(t *testing.T) {
	tr := startTrouble(t, func(*Config) {})
	require.NoError(t, syscall.Kill(tr.running(t), syscall.SIGKILL))
	tr.recovers(t, ErrExited)
	units := tr.out.all(0)
	require.Less(t, units[len(units)-1].PTS, 8*time.Second, "long before the source's next keyframe")
	keys := 0
	for _, u := range units {
		if u.Keyframe {
			keys++
		}
	}
	require.GreaterOrEqual(t, keys, 2)
}

func TestStoppedEncoderIsKilledAndReplaced(t *testing.T) {
	tr := startTrouble(t, func(*Config) {})
	pid := tr.running(t)
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	tr.recovers(t, ErrStalled)
	tr.wait(t, "the stopped process is gone", func() bool { return syscall.Kill(pid, 0) != nil })
}

func TestSlowEncoderIsReplaced(t *testing.T) {
	tr := startTrouble(t, func(c *Config) { c.Queue, c.Stall = 5, time.Minute })
	pid := tr.running(t)
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP)) // endlessly slow
	tr.recovers(t, ErrBehind)
}

func TestLateEncoderIsReplaced(t *testing.T) {
	tr := startTrouble(t, func(c *Config) { c.Lag, c.Stall = 400*time.Millisecond, time.Minute })
	pid := tr.running(t)
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	stopped := time.Now()
	tr.wait(t, "lag", func() bool { return time.Since(stopped) > 800*time.Millisecond })
	require.NoError(t, syscall.Kill(pid, syscall.SIGCONT))
	tr.recovers(t, ErrBehind)
}

// script is an ffmpeg that does something else at its first start.
func script(t *testing.T, ffmpeg, first string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "ffmpeg")
	text := fmt.Sprintf("#!/bin/sh\nif [ -e %[1]s/seen ]; then exec %[2]s \"$@\"; fi\n: >%[1]s/seen\n%[3]s\n", dir, ffmpeg, first)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o700))
	return path
}

func TestGarbageOnAnOutput(t *testing.T) {
	cases := []struct{ name, does string }{
		{"no FLV", "yes garbage >&4"},
		{"a broken tag", `printf 'FLV\001\001\000\000\000\011\000\000\000\000\011\000\000\003\000\000\000\000\000\000\000abc\000\000\000\016' >&3; cat >/dev/null`},
		{"half a tag", `printf 'FLV\001\001\000\000\000\011\000\000\000\000\011\377\377\377\000' >&3; exec 3>&-; cat >/dev/null`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tr := startTrouble(t, func(cfg *Config) { cfg.FFmpeg = script(t, cfg.FFmpeg, c.does) })
			tr.recovers(t, ErrOutput)
		})
	}
}

func TestEncoderThatCannotStart(t *testing.T) {
	var path, real string
	tr := startTrouble(t, func(cfg *Config) {
		path, real = filepath.Join(t.TempDir(), "ffmpeg"), cfg.FFmpeg
		cfg.FFmpeg = path
	})
	tr.wait(t, "failure", func() bool { _, errs := tr.out.counts(); return errs == 1 })
	require.ErrorIs(t, tr.out.errs[0], os.ErrNotExist)
	tr.wait(t, "several tries", func() bool { return strings.Count(tr.log.text(), "failed") > 3 })
	_, errs := tr.out.counts()
	require.Equal(t, 1, errs, "told once")
	require.NoError(t, os.Symlink(real, path)) // somebody installs it
	tr.wait(t, "units", func() bool { units, _ := tr.out.counts(); return units > 5 })
}

func TestComplaintsAreLoggedAFewAtATime(t *testing.T) {
	tr := startTrouble(t, func(cfg *Config) {
		cfg.FFmpeg = script(t, cfg.FFmpeg, `i=0; while [ $i -lt 5000 ]; do echo "complaint $i" >&2; i=$((i+1)); done; head -c 100000 /dev/zero >&2; exit 7`)
	})
	tr.recovers(t, ErrExited)
	require.ErrorContains(t, tr.out.errs[0], "exit status 7")
	require.LessOrEqual(t, strings.Count(tr.log.text(), "complaint"), linesLimit+2)
	require.Contains(t, tr.log.text(), `"silent":`)
	require.Less(t, len(tr.log.text()), 20_000)
}

func TestEnvironmentIsClean(t *testing.T) {
	t.Setenv("LIVERELAY_STREAMS__DEMO__KEY", "a-key-nobody-may-see")
	tr := startTrouble(t, func(*Config) {})
	pid := tr.running(t)
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	require.NoError(t, err)
	require.NotContains(t, string(env), "LIVERELAY")
	for v := range strings.SplitSeq(strings.TrimRight(string(env), "\x00"), "\x00") {
		require.Regexp(t, `^(PATH|LC_ALL|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH)=`, v)
	}
}

func TestCloseEndsAStoppedEncoder(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := fast(t, "1")
	log := &pids{}
	cfg := testConfig(t)
	cfg.Log = zerolog.New(log)
	out := newCollector(1)
	p, err := Start(t.Context(), cfg, Choose(s.track, Settings{Wishes: []Wish{{Height: 144}}}), s.track, out)
	require.NoError(t, err)
	play(t.Context(), p, s.units, time.Millisecond)
	require.Eventually(t, func() bool { n, _ := out.counts(); return n > 5 }, soon, time.Millisecond)
	pid, _ := log.newest()
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	began := time.Now()
	p.Close()
	p.Close()
	require.Less(t, time.Since(began), 4*time.Second)
	require.Error(t, syscall.Kill(pid, 0))
}

// blocking is an Output that takes no failure until it is let go.
type blocking struct {
	*collector
	free chan struct{}
}

func (b blocking) EncoderFailed(err error) {
	<-b.free
	b.collector.EncoderFailed(err)
}

func TestAnOutputThatBlocksNeverBlocksTheSource(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := fast(t, "2")
	out := blocking{collector: newCollector(1), free: make(chan struct{})}
	cfg := testConfig(t)
	cfg.Queue = 1
	p, err := Start(t.Context(), cfg, Choose(s.track, Settings{Wishes: []Wish{{Height: 144}}}), s.track, out)
	require.NoError(t, err)
	began := time.Now()
	for range 20 {
		for _, u := range s.units {
			p.Unit(u)
		}
	}
	require.Less(t, time.Since(began), time.Second)
	close(out.free)
	require.Eventually(t, func() bool { _, errs := out.counts(); return errs > 0 }, soon, time.Millisecond)
	require.ErrorIs(t, out.errs[0], ErrBehind)
	p.Close()
}

package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/p2p/wire"
)

// asDaemon makes the test's own binary the daemon.
const asDaemon = "LIVERELAY_TEST_AS_DAEMON"

func TestMain(m *testing.M) {
	if file := os.Getenv(asDaemon); file != "" {
		_ = os.Unsetenv(asDaemon)
		os.Exit(run([]string{"run", "--config", file}))
	}
	os.Exit(m.Run())
}

// mortal is a daemon in a process of its own, which can be killed and started again.
type mortal struct {
	t          *testing.T
	http, rtmp string
	data, file string
	process    *exec.Cmd
	log        string
}

func newMortal(t *testing.T) *mortal {
	folder := t.TempDir()
	m := &mortal{
		t: t, http: freeAddress(t), rtmp: freeAddress(t),
		data: filepath.Join(folder, "data"), file: filepath.Join(folder, "c.yaml"), log: filepath.Join(folder, "log"),
	}
	require.NoError(t, os.WriteFile(m.file, []byte(fmt.Sprintf(
		`{"data": %q, "http": {"address": %q}, "rtmp": {"address": %q}, "stun": {"address": ""}, "metrics": {"address": ""},
		  "ladder": {"renditions": []}, "streams": {"demo": {"key": "the-key-of-this-test"}}}`, m.data, m.http, m.rtmp)), 0o600))
	t.Cleanup(func() {
		m.end(os.Kill)
		if text, err := os.ReadFile(m.log); err == nil && t.Failed() {
			t.Log(string(text))
		}
	})
	return m
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func (m *mortal) start() {
	m.t.Helper()
	self, err := os.Executable()
	require.NoError(m.t, err)
	log, err := os.OpenFile(m.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(m.t, err)
	defer func() { _ = log.Close() }()
	m.process = exec.Command(self)
	m.process.Env = append(os.Environ(), asDaemon+"="+m.file)
	m.process.Stderr = log
	require.NoError(m.t, m.process.Start())
	require.Eventually(m.t, func() bool {
		_, err := m.get("/readyz")
		return err == nil
	}, 10*time.Second, 20*time.Millisecond)
}

func (m *mortal) end(how os.Signal) {
	if m.process == nil {
		return
	}
	_ = m.process.Process.Signal(how)
	_ = m.process.Wait()
	m.process = nil
}

func (m *mortal) get(path string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.http+path, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", path, response.Status)
	}
	return string(text), err
}

// publish pushes a picture and a tone for some seconds.
func (m *mortal) publish(seconds string) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-re",
		"-f", "lavfi", "-i", "testsrc2=size=160x90:rate=30", "-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", seconds,
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30", "-pix_fmt", "yuv420p",
		"-c:a", "aac", "-f", "flv", "rtmp://"+m.rtmp+"/live/the-key-of-this-test").CombinedOutput()
	require.NoError(m.t, err, string(out))
}

type joined struct{ State, Epoch, Manifest, PublicKey string }

func (m *mortal) join() (j joined) {
	text, err := m.get("/live/demo/join")
	require.NoError(m.t, err)
	require.NoError(m.t, json.Unmarshal([]byte(text), &j))
	return j
}

// names are all names of parts and segments that the source's playlist has now.
func (m *mortal) names(epoch string) map[string]bool {
	text, err := m.get("/live/demo/" + epoch + "/source/index.m3u8")
	require.NoError(m.t, err)
	names := map[string]bool{}
	for _, name := range regexp.MustCompile(`\b[ps]\d+\.m4s`).FindAllString(text, -1) {
		names[name] = true
	}
	require.NotEmpty(m.t, names)
	return names
}

// TestAResumedBroadcastEnds waits for a publisher in vain: viewers are told that it is
// over, and nothing is kept of it.
func TestAResumedBroadcastEnds(t *testing.T) {
	m := newMortal(t)
	config, err := os.ReadFile(m.file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(m.file, append([]byte(`{"grace": "3s", `), config[1:]...), 0o600))
	m.start()
	m.publish("4.5")
	epoch := m.join().Epoch
	m.end(os.Kill)
	m.start()
	require.Eventually(t, func() bool { return m.join().State == "ended" }, 10*time.Second, 50*time.Millisecond)
	require.Equal(t, epoch, m.join().Epoch)
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(m.data, "broadcasts", "demo.json"))
		return os.IsNotExist(err)
	}, 3*time.Second, 50*time.Millisecond)
}

// TestTheBroadcastSurvivesTheDaemon ends a real daemon in both ways, and goes on with
// the same broadcast: its viewers' verifier takes what comes then, and no name is used
// twice.
func TestTheBroadcastSurvivesTheDaemon(t *testing.T) {
	for name, how := range map[string]os.Signal{"killed": os.Kill, "asked to end": os.Interrupt} {
		t.Run(name, func(t *testing.T) {
			m := newMortal(t)
			m.start()
			m.publish("4.5")
			before := m.join()
			require.Equal(t, "interrupted", before.State, "the publisher has ended, and may come back")
			verifier := wire.NewVerifier("demo", before.Epoch, decode(t, base64.RawURLEncoding, before.PublicKey))
			was, err := verifier.Manifest(decode(t, base64.StdEncoding, before.Manifest), time.Now())
			require.NoError(t, err)
			used := m.names(before.Epoch)
			m.end(how)

			file := filepath.Join(m.data, "broadcasts", "demo.json")
			info, err := os.Stat(file)
			require.NoError(t, err)
			require.Zero(t, info.Mode().Perm()&0o077, "it holds a key")
			m.start()
			_, err = m.get("/live/demo/" + before.Epoch + "/source/index.m3u8")
			require.NoError(t, err, "from its first moment on the daemon knows the broadcast")
			m.publish("1.5")
			after := m.join()
			require.Equal(t, before.Epoch, after.Epoch)
			now, err := verifier.Manifest(decode(t, base64.StdEncoding, after.Manifest), time.Now())
			require.NoError(t, err, "the same key, and a greater serial number")
			require.Equal(t, was.Broadcast, now.Broadcast)
			require.Equal(t, was.Inits[0][0], now.Inits[0][0])
			for name := range m.names(after.Epoch) {
				require.False(t, used[name], "%s was used before", name)
			}
		})
	}
}

func decode(t *testing.T, e *base64.Encoding, text string) []byte {
	t.Helper()
	data, err := e.DecodeString(text)
	require.NoError(t, err)
	return data
}

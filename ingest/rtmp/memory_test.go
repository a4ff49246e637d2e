package rtmp_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	gortmp "github.com/yutopp/go-rtmp"

	"github.com/liverelay/liverelay/broadcast"
	"github.com/liverelay/liverelay/ingest/rtmp"
)

// attackVariable makes the test binary a server in a process of its own, so that an
// attack's cost in memory can be measured, and a crash survived.
const attackVariable = "LIVERELAY_TEST_SERVER"

// serveForAttack is the server's side: go-rtmp with our guard ("guarded") or without
// ("bare"). It ends with its standard input.
func serveForAttack() bool {
	mode := os.Getenv(attackVariable)
	if mode == "" {
		return false
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(os.Stdout, l.Addr())
	if mode == "bare" {
		go func() {
			_ = gortmp.NewServer(&gortmp.ServerConfig{OnConnect: func(c net.Conn) (io.ReadWriteCloser, *gortmp.ConnConfig) {
				return c, &gortmp.ConnConfig{SkipHandshakeVerification: true}
			}}).Serve(l)
		}()
	} else {
		s := &rtmp.Server{Log: testLog(), Publisher: rtmp.PublisherFunc(func(string, string) (rtmp.Session, error) {
			return nil, broadcast.ErrUnknownKey
		})}
		go func() { _ = s.Serve(context.Background(), l) }()
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return true
}

// victim is such a server, as its attacker sees it.
type victim struct {
	address string
	cmd     *exec.Cmd
	stdin   io.Closer
}

func newVictim(t *testing.T, mode string) *victim {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), attackVariable+"="+mode)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	address, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	return &victim{strings.TrimSpace(address), cmd, stdin}
}

// peak is the most memory the process has ever taken, in MB (VmHWM).
func (v *victim) peak(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", v.cmd.Process.Pid))
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(status), "VmHWM:")
	require.True(t, ok)
	var kB int
	_, err = fmt.Sscan(rest, &kB)
	require.NoError(t, err)
	return kB >> 10
}

// end lets the process end and says whether it did so in peace.
func (v *victim) end() error {
	_ = v.stdin.Close()
	return v.cmd.Wait()
}

// flood is one handshake and 13 chunk streams, each with 15 MiB of a message of 16.
func flood(t *testing.T, address string) *raw {
	t.Helper()
	c := dial(t, address)
	c.handshake()
	c.send(setChunkSize(1 << 20))
	chunk := make([]byte, 1<<20)
	for id := byte(3); id < 16; id++ {
		c.send(header(id, 0, 1<<24-1, 9, 0), chunk)
		for range 14 {
			c.send([]byte{3<<6 | id}, chunk)
		}
	}
	return c
}

func TestDefect3Memory(t *testing.T) {
	if !underRace { // the detector multiplies the cost of the attack
		bare := newVictim(t, "bare")
		before := bare.peak(t)
		flood(t, bare.address)
		require.Eventually(t, func() bool { return bare.peak(t) > 150 }, 10*time.Second, 100*time.Millisecond, "the attack is one")
		t.Logf("go-rtmp alone: %d MB, with 13 chunk streams of a stranger %d MB", before, bare.peak(t))
		require.NoError(t, bare.end())
	}

	guarded := newVictim(t, "guarded")
	before := guarded.peak(t)
	flood(t, guarded.address).gone(5 * time.Second)
	after := guarded.peak(t)
	t.Logf("behind the guard: %d MB, with 13 chunk streams of a stranger %d MB", before, after)
	require.Less(t, after-before, 16)

	// More strangers than the door lets wait, each with all that it may hold.
	for i := range 400 {
		c := dialFrom(t, guarded.address, net.IPv4(127, 0, 1, byte(i/4)))
		c.send([]byte{3}, make([]byte, 2*1536))
		for id := byte(3); id < 10; id++ {
			c.send(header(id, 0, 16<<10, 20, 0), make([]byte, 128))
		}
	}
	dial(t, guarded.address).handshake() // it has got to the end of them
	after = guarded.peak(t)
	t.Logf("with 400 connections from 100 addresses that hold all they may: %d MB", after)
	if !underRace {
		require.Less(t, after-before, 64)
	}
	require.NoError(t, guarded.end())
}

func TestDefect2NestedAMFAndTheProcess(t *testing.T) {
	attack := func(mode string) error {
		v := newVictim(t, mode)
		c := dial(t, v.address)
		c.handshake()
		c.send(setChunkSize(1<<24-1), chunks(3, 0, 20, 0, nested(3_900_000), 1<<24))
		c.gone(15 * time.Second)
		return v.end()
	}
	if !underRace {
		require.Error(t, attack("bare"), "the attack is one")
	}
	require.NoError(t, attack("guarded"))
}

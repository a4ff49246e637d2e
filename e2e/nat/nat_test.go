package nat

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// roleVariable makes this binary a program that runs inside a namespace; the tests
// themselves run in one as well.
const (
	roleVariable = "LIVERELAY_NAT_ROLE"
	roleTests    = "tests"
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "server":
		os.Exit(play(server))
	case "viewer":
		os.Exit(play(viewer))
	case roleTests:
		os.Exit(m.Run())
	}
	if reason, err := isolated("./net.sh", "check").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stdout, "e2e/nat was NOT run here: %s", reason)
		return
	}
	tests := isolated(os.Args[0], os.Args[1:]...)
	tests.Env = append(os.Environ(), roleVariable+"="+roleTests)
	tests.Stdout, tests.Stderr = os.Stdout, os.Stderr
	if err := tests.Run(); err != nil {
		fmt.Fprintln(os.Stdout, err)
		os.Exit(1)
	}
}

// isolated is a command in a network namespace of its own.
func isolated(name string, arguments ...string) *exec.Cmd {
	return exec.Command("../isolated.sh", append([]string{name}, arguments...)...)
}

// say tells the test, which reads this program's output.
func say(words ...any) { fmt.Fprintln(os.Stdout, words...) }

func play(role func() error) int {
	if err := role(); err != nil {
		say("failed:", err)
		return 1
	}
	return 0
}

func TestTwoViewersBehindTwoNATsReachEachOther(t *testing.T) {
	script(t, "homes", "2")
	t.Cleanup(func() { script(t, "down") })

	run(t, "server").expect("ready")
	first := run(t, "viewer", "ip", "netns", "exec", "home1")
	first.expect("joined")
	second := run(t, "viewer", "ip", "netns", "exec", "home2")

	require.Equal(t, "203.0.113.11", first.expect("srflx"), "the outside of its router")
	require.Equal(t, "203.0.113.12", second.expect("srflx"))
	require.Equal(t, "hello", first.expect("heard"))
	require.Equal(t, "hello", second.expect("heard"))
}

func script(t *testing.T, arguments ...string) {
	t.Helper()
	output, err := exec.Command("./net.sh", arguments...).CombinedOutput()
	require.NoError(t, err, string(output))
}

// program is this binary in a role, perhaps in a home; it ends when its input does.
type program struct {
	t    *testing.T
	name string
	said map[string]chan string
}

func run(t *testing.T, role string, inside ...string) *program {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	inside = append(inside, self)
	command := exec.Command(inside[0], inside[1:]...)
	command.Env = append(os.Environ(), roleVariable+"="+role)
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	require.NoError(t, err)
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	p := &program{t: t, name: strings.Join(inside, " "), said: make(map[string]chan string)}
	for _, word := range []string{"ready", "joined", "srflx", "heard", "failed:"} {
		p.said[word] = make(chan string, 16)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		p.read(output)
	}()
	t.Cleanup(func() {
		_ = input.Close()
		<-read
		_ = command.Wait()
	})
	return p
}

// read sorts a program's lines by their first word.
func (p *program) read(output io.Reader) {
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		if said := p.said[word]; said != nil {
			said <- rest
		}
	}
}

// expect waits for a line that begins with a word and returns the rest of it.
func (p *program) expect(word string) string {
	p.t.Helper()
	select {
	case rest := <-p.said[word]:
		return rest
	case reason := <-p.said["failed:"]:
		p.t.Fatalf("%s failed: %s", p.name, reason)
	case <-time.After(30 * time.Second):
		p.t.Fatalf("%s never said %q", p.name, word)
	}
	return ""
}

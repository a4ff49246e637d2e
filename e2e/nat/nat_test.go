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

// roleVariable makes this binary a program that runs inside a namespace.
const roleVariable = "LIVERELAY_NAT_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "server":
		os.Exit(play(server))
	case "viewer":
		os.Exit(play(viewer))
	}
	if reason, err := exec.Command("./nat.sh", "check").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stdout, "e2e/nat was NOT run here: %s", reason)
		return
	}
	os.Exit(m.Run())
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
	name := fmt.Sprintf("n%d", os.Getpid()%100000)
	script(t, "up", name)
	t.Cleanup(func() { script(t, "down", name) })

	run(t, name+"-server", "server").expect("ready")
	first := run(t, name+"-view1", "viewer")
	first.expect("joined")
	second := run(t, name+"-view2", "viewer")

	require.Equal(t, "203.0.113.11", first.expect("srflx"), "the outside of its router")
	require.Equal(t, "203.0.113.12", second.expect("srflx"))
	require.Equal(t, "hello", first.expect("heard"))
	require.Equal(t, "hello", second.expect("heard"))
}

func script(t *testing.T, arguments ...string) {
	t.Helper()
	output, err := exec.Command("./nat.sh", arguments...).CombinedOutput()
	require.NoError(t, err, string(output))
}

// program is this binary, running in a namespace; it ends when its input does.
type program struct {
	t    *testing.T
	name string
	said map[string]chan string
}

func run(t *testing.T, namespace, role string) *program {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.Command("ip", "netns", "exec", namespace, self)
	command.Env = append(os.Environ(), roleVariable+"="+role)
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	require.NoError(t, err)
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	p := &program{t: t, name: namespace, said: make(map[string]chan string)}
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

package ladder

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"time"
)

// ErrMissing says that there is no ffmpeg that could make a ladder. The caller
// goes on with the source alone.
var ErrMissing = errors.New("no usable ffmpeg")

// Find returns the path of an ffmpeg with x264, looked up in PATH. Its error,
// which wraps ErrMissing, says what is wrong and what to do about it.
func Find() (string, error) {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		return "", fmt.Errorf("%w: install ffmpeg, or add its folder to PATH: %w", ErrMissing, err)
	}
	if err := builtWith(context.Background(), path, X264.name()); err != nil {
		return "", fmt.Errorf("%w: %w", ErrMissing, err)
	}
	return path, nil
}

// builtWith says what is wrong when an ffmpeg was built without an encoder.
func builtWith(ctx context.Context, path, encoder string) error {
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "-hide_banner", "-nostdin", "-encoders")
	cmd.Env = environment()
	cmd.WaitDelay = time.Second
	list, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("ask %s for its encoders: %w", path, err)
	}
	if !regexp.MustCompile(`(?m)^\s*V\S*\s+` + regexp.QuoteMeta(encoder) + `\s`).Match(list) {
		return fmt.Errorf("%s was built without %s", path, encoder)
	}
	return nil
}

// environment is all that ffmpeg gets to know of the daemon's.
func environment() []string {
	env := []string{"LC_ALL=C"}
	for _, name := range []string{"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

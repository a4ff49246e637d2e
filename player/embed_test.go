package player_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/player"
)

func TestScriptDefinesTheElement(t *testing.T) {
	script := string(player.Bytes())
	require.Contains(t, script, `"live-relay"`)
	require.NotContains(t, script, "sourceMappingURL")
	require.Regexp(t, `^[0-9a-f]{16}$`, player.Version())
	require.True(t, strings.HasPrefix(player.Integrity(), "sha384-"))
	require.Contains(t, script, player.LibraryVersion(), "the player was built with another library")
}

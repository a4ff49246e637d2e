package origin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What nginx's RTMP module sends with on_publish, as nginx-rtmp-module 1.2.2 was seen to.
func TestNginxIsToldWhetherAKeyIsRight(t *testing.T) {
	var addresses []string
	m := &metrics{permit: func(key, address string) bool {
		addresses = append(addresses, address)
		return key == "a-secret-of-at-least-12-characters"
	}}
	from := "127.0.0.1:40000"
	ask := func(name, call, more string) int {
		body := "app=live&flashver=FMLE%2F3.0&swfurl=&tcurl=rtmp%3A%2F%2Fh%2Flive&pageurl=&addr=192.0.2.7&clientid=1&call=" +
			call + "&name=" + url.QueryEscape(name) + "&type=live" + more
		r := httptest.NewRequest(http.MethodPost, "/hooks/nginx-rtmp", strings.NewReader(body))
		r.RemoteAddr = from
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		m.permitted(w, r)
		return w.Code
	}
	require.Equal(t, http.StatusNoContent, ask("a-secret-of-at-least-12-characters", "publish", ""))
	require.Equal(t, http.StatusForbidden, ask("another-name", "publish", ""))
	require.Equal(t, http.StatusForbidden, ask("", "publish", ""))
	require.Equal(t, []string{"192.0.2.7", "192.0.2.7", "192.0.2.7"}, addresses)
	require.Equal(t, http.StatusNoContent, ask("another-name", "publish_done", ""))
	require.Equal(t, http.StatusBadRequest, ask("a-secret-of-at-least-12-characters", "publish", "&more="+strings.Repeat("x", maxHook)))
	from = "192.0.2.1:40000" // who could name any address as the publisher's
	require.Equal(t, http.StatusForbidden, ask("a-secret-of-at-least-12-characters", "publish", ""))
	require.Len(t, addresses, 3, "no key is tried for a stranger")
}

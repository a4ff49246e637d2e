package origin

import (
	"net"
	"net/http"
)

// maxHook bounds what another server says with a question.
const maxHook = 16 << 10

// permitted answers on_publish of nginx's RTMP module: 204 where the name that somebody
// wants to publish under is a stream key of ours, else 403. It is asked on the metrics'
// listener, and by this machine alone; to everybody it would be a place to try keys. The
// module names the address of the publisher, whose wrong keys are counted as at our own
// door. All other events (on_publish_done, on_play) are let be.
func (m *metrics) permitted(w http.ResponseWriter, r *http.Request) {
	if host, _, _ := net.SplitHostPort(r.RemoteAddr); !net.ParseIP(host).IsLoopback() {
		http.Error(w, "only this machine is believed", http.StatusForbidden)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxHook)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "no form as nginx's RTMP module sends it", http.StatusBadRequest)
		return
	}
	if r.PostForm.Get("call") == "publish" && !m.permit(r.PostForm.Get("name"), r.PostForm.Get("addr")) {
		http.Error(w, "not a stream key", http.StatusForbidden)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

package stun

import (
	"context"
	"crypto/rand"
	"net"
	"testing"
	"time"

	"github.com/pion/stun/v3"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server at an address and returns where it listens.
func serve(t *testing.T, address string, c Config) *net.UDPAddr {
	t.Helper()
	conn, err := Listen(address)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, conn, c) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return conn.LocalAddr().(*net.UDPAddr)
}

// ask sends a Binding request and returns the address in the answer.
func ask(conn *net.UDPConn) (string, error) {
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest)
	if err != nil {
		return "", err
	}
	if _, err := conn.Write(m.Raw); err != nil {
		return "", err
	}
	if err := conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		return "", err
	}
	answer := stun.New()
	if _, err := answer.ReadFrom(conn); err != nil {
		return "", err
	}
	var mapped stun.XORMappedAddress
	err = mapped.GetFrom(answer)
	return mapped.String(), err
}

func TestServeAnswersOnBothFamilies(t *testing.T) {
	port := serve(t, ":0", Config{}).Port
	for _, host := range []string{"127.0.0.1", "::1"} {
		client, err := net.DialUDP("udp", nil, &net.UDPAddr{IP: net.ParseIP(host), Port: port})
		require.NoError(t, err)
		defer client.Close()
		mapped, err := ask(client)
		require.NoError(t, err, host)
		require.Equal(t, client.LocalAddr().String(), mapped)
	}
}

// A connected socket takes answers only from the address that it asked.
func TestTheAnswerComesFromTheAddressThatWasAsked(t *testing.T) {
	port := serve(t, ":0", Config{}).Port
	client, err := net.DialUDP("udp", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 77), Port: port})
	require.NoError(t, err)
	defer client.Close()
	_, err = ask(client)
	require.NoError(t, err)
}

func TestServeSaysWhenItsSocketIsLost(t *testing.T) {
	conn, err := Listen("127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.ErrorIs(t, Serve(context.Background(), conn, Config{}), net.ErrClosed)
}

// Abuse case 17: a broken STUN packet; a flood of STUN. The listener lives.
func TestAbuse17_BrokenPacketsAndFloods(t *testing.T) {
	second := time.Unix(1_800_000_000, 0)
	clock := make(chan time.Time, 1)
	clock <- second
	now := func() time.Time {
		n := <-clock
		clock <- n
		return n
	}
	address := serve(t, "127.0.0.1:0", Config{PerAddress: 5, Now: now})
	client, err := net.DialUDP("udp", nil, address)
	require.NoError(t, err)
	defer client.Close()

	good := request(t, stun.Fingerprint)
	for length := range len(good) {
		_, _ = client.Write(good[:length])
	}
	for at := range good {
		_, _ = client.Write(flip(good, at))
	}
	for range 2000 {
		junk := make([]byte, 1400)
		_, _ = rand.Read(junk)
		copy(junk, good[:8]) // the header of a request, with a wrong length
		_, _ = client.Write(junk)
	}
	for range 5000 {
		_, _ = client.Write(good)
	}
	require.LessOrEqual(t, drain(t, client), 5, "not a byte for garbage, and five answers a second")

	<-clock
	clock <- second.Add(time.Second)
	require.Eventually(t, func() bool {
		_, err := ask(client)
		return err == nil
	}, 5*time.Second, time.Millisecond, "it lives")
}

// drain counts the answers that are there, until there are none for a while.
func drain(t *testing.T, conn *net.UDPConn) (n int) {
	t.Helper()
	buffer := make([]byte, packetSize)
	for {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(300*time.Millisecond)))
		if _, err := conn.Read(buffer); err != nil {
			return n
		}
		n++
	}
}

// A real WebRTC stack learns its address here.
func TestPionGathersACandidateFromIt(t *testing.T) {
	address := serve(t, "127.0.0.1:0", Config{})
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{
		ICEServers: []webrtc.ICEServer{{URLs: []string{"stun:" + address.String()}}},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, pc.GracefulClose()) }()
	found := make(chan *webrtc.ICECandidate, 16)
	pc.OnICECandidate(func(c *webrtc.ICECandidate) { found <- c })
	_, err = pc.CreateDataChannel("x", nil)
	require.NoError(t, err)
	offer, err := pc.CreateOffer(nil)
	require.NoError(t, err)
	require.NoError(t, pc.SetLocalDescription(offer))
	deadline := time.After(10 * time.Second)
	for {
		select {
		case c := <-found:
			require.NotNil(t, c, "gathering ended without a server-reflexive candidate")
			if c.Typ == webrtc.ICECandidateTypeSrflx {
				require.Equal(t, "127.0.0.1", c.Address)
				return
			}
		case <-deadline:
			t.Fatal("no candidate in 10 s")
		}
	}
}

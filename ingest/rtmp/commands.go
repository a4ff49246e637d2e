package rtmp

import (
	"fmt"
	"strings"
)

// application is the only one there is; the key alone names the stream.
const application = "live"

// codeBadName refuses a key.
const codeBadName = "NetStream.Publish.BadName"

// connect is what is kept of a client's connect command.
type connect struct {
	transaction float64
	// path is what follows the application's name: a publisher that knows but one
	// address puts the key there.
	path string
	// enhanced says that the client speaks Enhanced RTMP.
	enhanced bool
}

// command is a decoded command message (RTMP 1.0 §7.2).
type command struct {
	name        string
	transaction float64
	args        []any // behind the transaction; the first is the command object
}

func parseCommand(body []byte) (command, error) {
	values, err := decodeAMF(body)
	if err != nil {
		return command{}, err
	}
	var c command
	if len(values) < 2 {
		return c, fmt.Errorf("%w: a command of %d values", errProtocol, len(values))
	}
	name, ok := values[0].(string)
	if !ok {
		return c, fmt.Errorf("%w: a command without a name", errProtocol)
	}
	id, ok := values[1].(float64)
	if !ok {
		return c, fmt.Errorf("%w: command %q without a transaction", errProtocol, name)
	}
	return command{name, id, values[2:]}, nil
}

// text returns the n-th argument if it is a string.
func (c command) text(n int) string {
	if n >= len(c.args) {
		return ""
	}
	s, _ := c.args[n].(string)
	return s
}

// parseConnect reads the command object of connect (§7.2.1.1).
func parseConnect(c command) (connect, error) {
	var o object
	if len(c.args) > 0 {
		o, _ = c.args[0].(object)
	}
	app, ok := o.get("app").(string)
	if !ok {
		return connect{}, fmt.Errorf("%w: connect without an application", errProtocol)
	}
	app, _, _ = strings.Cut(app, "?")
	name, path, _ := strings.Cut(strings.Trim(app, "/"), "/")
	if name != application {
		return connect{}, fmt.Errorf("%w: no application of that name", errProtocol)
	}
	return connect{
		transaction: c.transaction,
		path:        path,
		enhanced:    o.get("fourCcList") != nil || o.get("videoFourCcInfoMap") != nil || o.get("audioFourCcInfoMap") != nil,
	}, nil
}

// plain builds the form of a command that go-rtmp is given: nothing but what it
// reads. ok is false for commands that it need not see: releaseStream and FCPublish
// tell nothing new, deleteStream and its like are the guard's, and play is not served.
func plain(m message, c command) (out message, ok bool) {
	switch c.name {
	case "connect":
		args := object{{"app", application}, {"objectEncoding", 0.0}}
		return control(m, appendAMF(nil, c.name, 1.0, args)), true
	case "createStream":
		return control(m, appendAMF(nil, c.name, c.transaction, nil)), true
	case "publish":
		m.body = appendAMF(nil, c.name, c.transaction, nil, c.text(1), "live")
		m.kind = typeCommand
		return m, true
	default:
		return m, false
	}
}

// control makes a command on message stream 0 of m.
func control(m message, body []byte) message {
	return message{kind: typeCommand, time: m.time, body: body}
}

// connected is the answer to connect. To a client that speaks Enhanced RTMP it says
// what can be forwarded (Enhanced RTMP v2, Enhancing NetConnection connect Command).
func connected(c connect) []byte {
	info := object{
		{"level", "status"},
		{"code", "NetConnection.Connect.Success"},
		{"description", "Connection succeeded."},
		{"objectEncoding", 0.0},
	}
	if c.enhanced {
		const canForward = 4.0
		info = append(info,
			property{"fourCcList", []any{"avc1", "hvc1", "av01", "mp4a", "Opus"}},
			property{"videoFourCcInfoMap", object{{"avc1", canForward}, {"hvc1", canForward}, {"av01", canForward}}},
			property{"audioFourCcInfoMap", object{{"mp4a", canForward}, {"Opus", canForward}}},
			property{"capsEx", 0.0})
	}
	properties := object{{"fmsVer", "FMS/3,5,7,7009"}, {"capabilities", 31.0}, {"mode", 1.0}}
	return appendAMF(nil, "_result", c.transaction, properties, info)
}

// rejected is the answer to connect for an application that does not exist.
func rejected(transaction float64) []byte {
	return appendAMF(nil, "_error", transaction, nil, object{
		{"level", "error"},
		{"code", "NetConnection.Connect.Rejected"},
		{"description", "The server address ends in /" + application + "."},
	})
}

// badName is the answer to publish with a key that is refused (§7.2.2.6; the code is
// the one that publishers take for a wrong key). ffmpeg shows only the description,
// so the code stands there as well.
func badName(why string) []byte {
	return appendAMF(nil, "onStatus", 0.0, nil, object{
		{"level", "error"},
		{"code", codeBadName},
		{"description", why + " (" + codeBadName + ")"},
	})
}

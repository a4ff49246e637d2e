package rtmp

const (
	setDataFrame = "@setDataFrame"
	onMetaData   = "onMetaData"
)

// metadata builds the form of a data message that go-rtmp is given, if it is the
// publisher's description of its stream: @setDataFrame, onMetaData and an object.
func metadata(values []any) (body []byte, ok bool) {
	if len(values) > 0 && values[0] == setDataFrame {
		values = values[1:]
	}
	if len(values) < 2 || values[0] != onMetaData {
		return nil, false
	}
	o, ok := values[1].(object)
	if !ok {
		return nil, false
	}
	return appendAMF(nil, setDataFrame, onMetaData, o), true
}

// frameRate reads the frame rate that onMetaData declares, in pictures per second;
// 0 when there is none that makes sense.
func frameRate(payload []byte) float64 {
	values, err := decodeAMF(payload)
	if err != nil || len(values) < 2 {
		return 0
	}
	o, _ := values[1].(object)
	rate, _ := o.get("framerate").(float64)
	if rate >= 1 && rate <= 300 {
		return rate
	}
	return 0
}

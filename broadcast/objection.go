package broadcast

import (
	"fmt"

	"github.com/liverelay/liverelay/media"
)

// objection says what browsers have against a track, and what its streamer can do;
// empty when all of them play it.
func objection(t media.Track) string {
	switch t.Codec {
	case media.H264:
		return objectionToAVC(t.Config)
	case media.HEVC, media.AV1:
		return fmt.Sprintf("The picture is %s, which not all browsers play, and which no other bitrates are made of here: some viewers have no picture. "+
			"In OBS: Settings > Output: choose an H.264 encoder.", names()[t.Codec])
	case media.AAC:
		return objectionToAAC(t.Config)
	default:
		return fmt.Sprintf("The sound is %s, which not all browsers play: some viewers have no sound. "+
			"In OBS: Settings > Output: choose AAC.", names()[t.Codec])
	}
}

func names() map[media.Codec]string {
	return map[media.Codec]string{media.HEVC: "HEVC", media.AV1: "AV1", media.Opus: "Opus"}
}

// objectionToAVC looks at the profile in an AVCDecoderConfigurationRecord (ISO/IEC
// 14496-15 §5.3.3.1, ITU-T H.264 annex A).
func objectionToAVC(config []byte) string {
	if len(config) < 4 {
		return ""
	}
	var what string
	switch profile := config[1]; profile {
	case 88:
		what = "the Extended profile"
	case 110:
		what = "10 bits a sample (profile High 10)"
	case 122:
		what = "4:2:2 colour (profile High 4:2:2)"
	case 44, 244:
		what = "4:4:4 colour (profile High 4:4:4)"
	default:
		return ""
	}
	return fmt.Sprintf("The picture has %s, which browsers don't play. In OBS: Settings > Advanced: set Color Format to NV12; Settings > Output: profile high or main. "+
		"Or set ladder.source to never, so that viewers get only what is encoded here.", what)
}

// objectionToAAC looks at the object type of an AudioSpecificConfig (ISO/IEC 14496-3
// §1.6.2.1).
func objectionToAAC(config []byte) string {
	const lowComplexity, bandReplication, parametricStereo = 2, 5, 29
	if len(config) < 2 {
		return ""
	}
	kind := int(config[0] >> 3)
	if kind == 31 {
		kind = 32 + int(config[0]&7)<<3 + int(config[1]>>5)
	}
	switch kind {
	case lowComplexity, bandReplication, parametricStereo:
		return ""
	default:
		return fmt.Sprintf("The sound is AAC of object type %d, which browsers don't play. In OBS: Settings > Output: choose an AAC encoder (AAC-LC).", kind)
	}
}

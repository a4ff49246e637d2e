package rtmp_test

func serveForAttack() bool { return false }

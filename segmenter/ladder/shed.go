package ladder

import (
	"errors"
	"time"
)

const (
	// lateAgain: a machine that is too slow twice within this time is too slow for all
	// rungs.
	lateAgain = time.Minute
	// shedFor is how long a rung is given up before it is tried again.
	shedFor = 5 * time.Minute
)

// active are the rungs that are encoded: the largest ones may have been given up.
func (s *supervisor) active() []Rung { return s.rungs[s.shed:] }

// lighten gives up the largest rung when the machine has been too slow twice in a
// short time, so that the others go on without a gap; the last one stays.
func (s *supervisor) lighten(err error, now time.Time) {
	if !errors.Is(err, ErrBehind) {
		return
	}
	again := now.Sub(s.late) < lateAgain
	s.late = now
	if !again || len(s.active()) < 2 {
		return
	}
	s.cfg.Log.Warn().Str("rendition", s.active()[0].Name).Dur("for", shedFor).
		Msg("this machine can't encode the rendition in real time: it has gaps, the others go on; leave it out of ladder.renditions, or use a faster preset or machine")
	s.shed++
	s.late, s.shedAt = time.Time{}, now
}

// restore tries the rungs again that were given up, after a while.
func (s *supervisor) restore(now time.Time) {
	if s.shed == 0 || now.Sub(s.shedAt) < shedFor {
		return
	}
	s.shed--
	s.shedAt = now
	s.cfg.Log.Info().Str("rendition", s.active()[0].Name).Msg("a rendition that the machine could not keep is tried again")
	s.again = true // the new run goes on with the next picture
	if s.run != nil {
		s.drop()
	}
}

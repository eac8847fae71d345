package load

import "fmt"

// A Search is a binary search for the highest rate at which a trial passes
// (RFC 2544 §26.1, RFC 8219 §7.1).
type Search struct {
	Limit    float64 // the highest rate to try
	First    float64 // the rate to try first; 0 is half of Limit
	Exact    float64 // stop when the answer is known to this part of itself
	Attempts int     // a rate passes when one of so many trials does; 0 is 1
}

// Run returns the highest rate that passed, or 0 if none did.
func (s Search) Run(trial func(rate float64) (passed bool, err error)) (float64, error) {
	if !(s.Limit > 0) || !(s.Exact > 0 && s.Exact < 1) || s.First > s.Limit {
		return 0, fmt.Errorf("load: search %+v: needs a positive limit, and an exactness between 0 and 1", s)
	}
	lowest := s.Limit * 1e-3 // a rate below fails for good
	passed, failed, rate := 0.0, s.Limit, s.First
	if rate == 0 {
		rate = s.Limit / 2
	}
	for failed-passed > s.Exact*failed && failed > lowest {
		ok, err := s.try(rate, trial)
		if err != nil {
			return 0, err
		}
		if ok {
			passed = rate
		} else {
			failed = rate
		}
		rate = (passed + failed) / 2
	}
	return passed, nil
}

// try reports whether one of the attempts at a rate passes.
func (s Search) try(rate float64, trial func(float64) (bool, error)) (bool, error) {
	for range max(s.Attempts, 1) {
		if ok, err := trial(rate); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

package load

import (
	"errors"
	"math"
	"testing"
)

// A device that passes up to a rate is found out, as exactly as asked.
func TestSearchFindsTheHighestRate(t *testing.T) {
	for _, limit := range []float64{1, 1000, 730e3} {
		for _, part := range []float64{0.002, 0.01, 0.3, 0.5, 0.77, 0.999, 1, 2} {
			for _, first := range []float64{0, 0.3, 1} {
				for _, exact := range []float64{0.5, 0.1, 0.01} {
					s := Search{Limit: limit, First: first * limit, Exact: exact}
					trials := 0
					got, err := s.Run(func(rate float64) (bool, error) {
						trials++
						return rate <= part*limit, nil
					})
					want := min(part, 1) * limit
					if err != nil || got > want || want-got > exact*want+1e-3*limit {
						t.Errorf("%+v: %v, %v; want %v", s, got, err, want)
					}
					if most := 4 + math.Log2(1/exact) + math.Log2(1/min(part, 1)); float64(trials) > most {
						t.Errorf("%+v: %d trials for %v of the limit", s, trials, part)
					}
				}
			}
		}
	}
}

func TestSearchEnds(t *testing.T) {
	never := func(float64) (bool, error) { return false, nil }
	if got, err := (Search{Limit: 1e6, Exact: 0.01}).Run(never); got != 0 || err != nil {
		t.Errorf("nothing passes: %v, %v", got, err)
	}
	broken := errors.New("broken")
	if _, err := (Search{Limit: 1e6, Exact: 0.01}).Run(func(float64) (bool, error) { return true, broken }); !errors.Is(err, broken) {
		t.Errorf("a trial that fails: %v", err)
	}
	for _, s := range []Search{{}, {Limit: 1}, {Limit: 1, Exact: 1}, {Limit: math.NaN(), Exact: 0.1}, {Limit: 1, Exact: 0.1, First: 2}} {
		if _, err := s.Run(never); err == nil {
			t.Errorf("%+v is searched", s)
		}
	}
}

// One bad trial does not fail a rate that has another attempt.
func TestSearchAttempts(t *testing.T) {
	for attempts, want := range map[int]bool{0: false, 1: false, 2: true, 3: true} {
		calls := 0
		second := func(rate float64) (bool, error) {
			calls++
			return calls%2 == 0, nil
		}
		if got, err := (Search{Attempts: attempts}).try(1, second); got != want || err != nil {
			t.Errorf("%d attempts, the second passes: %v, %v", attempts, got, err)
		}
	}
}

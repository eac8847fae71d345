package bench

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestSample(t *testing.T) {
	for _, c := range []struct {
		rule   string
		sample Sample
		median float64
		text   string
	}{
		{"no value", nil, math.NaN(), "–"},
		{"one value has no range", Sample{12.34}, 12.34, "12.3"},
		{"the one in the middle", Sample{3, 1, 2}, 2, "2.00 (1.00–3.00)"},
		{"the mean of the two in the middle", Sample{4, 1, 3, 2}, 2.5, "2.50 (1.00–4.00)"},
		{"a range too small to see is none", Sample{1000.25, 1000.125}, 1000.1875, "1000"},
		{"zero", Sample{0, 0}, 0, "0"},
		{"small ones", Sample{0.0612, 0.0599}, 0.06055, "0.0605 (0.0599–0.0612)"},
		{"large ones", Sample{123456}, 123456, "123456"},
		{"negative ones", Sample{-2.125}, -2.125, "-2.12"},
	} {
		if got := c.sample.Median(); got != c.median && !(math.IsNaN(got) && math.IsNaN(c.median)) {
			t.Errorf("%s: the median is %v, want %v", c.rule, got, c.median)
		}
		if got := c.sample.String(); got != c.text {
			t.Errorf("%s: %q, want %q", c.rule, got, c.text)
		}
	}
}

// As many values lie below the median as above it, and the sample stays as it is.
func TestMedianDivides(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for n := 1; n < 30; n++ {
		s := make(Sample, n)
		for i := range s {
			s[i] = float64(rng.IntN(20))
		}
		first, median := s[0], s.Median()
		below, above := 0, 0
		for _, x := range s {
			if x < median {
				below++
			}
			if x > median {
				above++
			}
		}
		if below > n/2 || above > n/2 {
			t.Errorf("%v: %d below %v, %d above", s, below, median, above)
		}
		if s[0] != first {
			t.Error("the sample is sorted")
		}
	}
}

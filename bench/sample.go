package bench

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// A Sample is the values of one quantity, one of each round, in that order.
type Sample []float64

// Median returns the value in the middle, or the mean of the two in the middle;
// NaN of an empty Sample.
func (s Sample) Median() float64 {
	n := len(s)
	if n == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(s))
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// String returns the median, and the range if there is one: "12.4 (11.9–13.0)".
// An empty Sample is a dash.
func (s Sample) String() string {
	if len(s) == 0 {
		return "–"
	}
	lowest, highest := short(slices.Min(s)), short(slices.Max(s))
	if lowest == highest {
		return short(s.Median())
	}
	return fmt.Sprintf("%s (%s–%s)", short(s.Median()), lowest, highest)
}

// short writes a number with three digits that count.
func short(x float64) string {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	decimals := 2 - int(math.Floor(math.Log10(math.Abs(x))))
	return strconv.FormatFloat(x, 'f', max(decimals, 0), 64)
}

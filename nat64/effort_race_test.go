//go:build race

package nat64_test

// effort is how many rounds a test goes of n that it would like to: few under the
// race detector, which makes all of them slow and is about other things.
func effort(n int) int { return max(1, n/20) }

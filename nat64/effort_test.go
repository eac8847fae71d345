//go:build !race

package nat64_test

// effort is how many rounds a test goes of n that it would like to.
func effort(n int) int { return n }

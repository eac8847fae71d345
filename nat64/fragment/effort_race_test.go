//go:build race

package fragment_test

// raced says that the race detector looks on, which makes all slow and has nothing to
// see in a long run of one goroutine.
const raced = true

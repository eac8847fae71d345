//go:build !amd64 && !arm64

package store

// fetches says that there is no prefetch.
const fetches = false

// prefetch does nothing where there is no instruction for it.
func prefetch(*uintptr, int) {}

// match is of no use without prefetch.
func match(*line, uint32, uint32) (first uint32, more bool) { return 0, false }

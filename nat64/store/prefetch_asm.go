//go:build amd64 || arm64

package store

// prefetch lets the processor fetch the lines at n addresses, and does not wait for
// them. It reads nothing there: whoever writes meanwhile is not disturbed.
//
//go:noescape
func prefetch(at *uintptr, n int)

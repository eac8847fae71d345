//go:build amd64 || arm64

package store

// fetches says that there is a prefetch.
const fetches = true

// prefetch lets the processor fetch the lines at n addresses, and does not wait for
// them. It reads nothing there: whoever writes meanwhile is not disturbed.
//
//go:noescape
func prefetch(at *uintptr, n int)

// match returns the number of the first record in a line with the tag that rank and
// apart give at the depth of the line, 0 if there is none; and whether records at
// home in the line are in others. Who holds no lock may ask, too: then the answer is
// good for nothing but to guess.
//
//go:noescape
func match(l *line, rank, apart uint32) (first uint32, more bool)

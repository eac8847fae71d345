// Package bench measures translators side by side: each on a line of three hosts
// of its own, all over the same scenarios in turn, in several rounds, so that what
// happens to the machine happens to all of them. Command taybench is its command
// line.
//
// One CPU is the translator's alone; the ends of the line share another. A
// super-packet is what a kernel with offloads hands on: up to 64 KiB of TCP at
// once. In the wire scenarios the ends send and receive single packets instead.
package bench

import "runtime"

// The ends of a line have one CPU, the translator another, if there is.
const loadCPU = 0

var translatorCPU = min(1, runtime.NumCPU()-1)

// Package archtest holds the tree to its own rules: who may import whom, who
// owns a package from outside, where clocks and locks may be, how long files
// and functions may grow, and what may lie at the top of the tree. It exports
// nothing; its tests parse the sources themselves, so that a cached answer of
// the go command cannot hide a violation.
package archtest

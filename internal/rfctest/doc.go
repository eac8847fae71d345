// Package rfctest holds docs/rfc.md to the tests: each requirement has a row, each
// test that a row names exists, and each vector that proves a requirement is told
// there. It exports nothing; its tests parse the sources of the whole module.
package rfctest

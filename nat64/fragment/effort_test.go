//go:build !race

package fragment_test

const raced = false

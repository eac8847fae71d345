//go:build !race

package main

// raceFlags are empty: what the tests run is what make build makes.
var raceFlags []string

//go:build race

package main

// raceFlags have the binary of the tests look for races, too.
var raceFlags = []string{"-race"}

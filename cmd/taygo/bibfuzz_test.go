package main

import "testing"

// FuzzPorts: a range of ports is refused, or shown as it was typed.
func FuzzPorts(f *testing.F) {
	f.Add("192.0.2.1:80")
	f.Add("[2001:db8::1]:80-89")
	f.Add("[2001:db8::1]:65535-65535")
	f.Fuzz(func(t *testing.T, word string) {
		first, n, err := portRange(word)
		if err != nil {
			return
		}
		if n < 1 || int(first.Port())+n > 65536 {
			t.Fatalf("%q has %d ports from %v on", word, n, first)
		}
		shown := ports(first, n)
		if again, m, err := portRange(shown); err != nil || again != first || m != n {
			t.Errorf("%q is %v, %d ports, shown as %q", word, first, n, shown)
		}
	})
}

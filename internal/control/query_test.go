package control

import "testing"

// FuzzQuery: a query is refused, or read as what it is when it is written again.
func FuzzQuery(f *testing.F) {
	f.Add("")
	f.Add("proto=tcp&client=2001:db8::/32&ipv4=192.0.2.1:80&peer=198.51.100.0/24&held=1&limit=9")
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := parseQuery(raw)
		if err != nil {
			return
		}
		if again, err := parseQuery(q.values().Encode()); err != nil || again != q {
			t.Errorf("%q is read as %+v, and written as %q: %+v, %v", raw, q, q.values().Encode(), again, err)
		}
	})
}

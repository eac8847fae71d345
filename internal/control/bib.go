package control

import (
	"fmt"
	"net/http"
)

// changeBinding has change make or remove the binding in the body of a request.
func (s *Server) changeBinding(change func(Binding) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		patience(w)
		if change == nil {
			http.Error(w, errNoNAT64.Error(), http.StatusNotFound)
			return
		}
		var b Binding
		err := readBody(w, r, &b)
		if err == nil {
			err = b.check(r.Method == http.MethodPost)
		}
		if err != nil {
			http.Error(w, fmt.Sprintf("binding not understood: %v", err), http.StatusBadRequest)
			return
		}
		if err := change(b); err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// check refuses a binding that cannot be, whatever the pool is. One that is to be
// removed needs no host.
func (b *Binding) check(whole bool) error {
	var err error
	if b.Protocol, err = ParseProtocol(b.Protocol); err != nil {
		return err
	}
	v6, v4 := b.IPv6.Addr(), b.IPv4.Addr()
	last := min(max(b.Ports, 1), 1<<16) - 1
	switch {
	case !v4.Is4():
		return fmt.Errorf("%q is not an IPv4 address with a port: write one like 192.0.2.1:80", b.IPv4)
	case (whole || v6.IsValid()) && (!v6.Is6() || v6.Is4In6() || v6.Zone() != ""):
		return fmt.Errorf("%q is not an IPv6 address with a port: write one like [2001:db8::1]:80", b.IPv6)
	case b.Ports < 0, int(b.IPv4.Port())+last > 0xffff, v6.IsValid() && int(b.IPv6.Port())+last > 0xffff:
		return fmt.Errorf("%d ports from %d and %d on: there are none above 65535", b.Ports, b.IPv6.Port(), b.IPv4.Port())
	}
	return nil
}

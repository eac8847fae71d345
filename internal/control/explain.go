package control

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

// A Flow is a first packet of a kind, from Src to Dst, both of one family. Ports of
// icmp are identifiers.
type Flow struct {
	Protocol string // tcp, udp, icmp, or the number of a protocol without ports
	Src, Dst netip.AddrPort
}

// The ways in which a flow is translated.
const (
	Stateless = "stateless" // by addresses alone (RFC 7915)
	Stateful  = "stateful"  // by a session (RFC 6146)
)

// A FlowExplanation tells what a flow would become, and why. Nothing is made or
// prolonged for its sake.
type FlowExplanation struct {
	Mode    string         `json:"mode"`
	Verdict string         `json:"verdict"` // translated, or the counter of what becomes of it instead
	Src     netip.AddrPort `json:"src,omitzero"`
	Dst     netip.AddrPort `json:"dst,omitzero"`      // on the other side; port 0 if it will be chosen
	Binding string         `json:"binding,omitempty"` // new, dynamic, static or held
	State   string         `json:"state,omitempty"`   // of the session there is
	Left    time.Duration  `json:"left_ns,omitempty"` // of it
	Rule    string         `json:"rule"`
	Note    string         `json:"note,omitempty"`
}

// ExplainFlow asks what a flow would become.
func (c Client) ExplainFlow(ctx context.Context, f Flow) (FlowExplanation, error) {
	var e FlowExplanation
	v := url.Values{"proto": {f.Protocol}, "src": {f.Src.String()}, "dst": {f.Dst.String()}}
	body, err := c.do(ctx, http.MethodGet, "/explain?"+v.Encode(), nil)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return e, fmt.Errorf("control: %s: answer not understood: %w: is it the same version of taygo?", c.Path, err)
	}
	return e, nil
}

// ParseFlow reads a flow: its protocol, and two addresses with their ports. One of a
// protocol that is given by its number has none.
func ParseFlow(proto, src, dst string) (f Flow, err error) {
	parse, form := netip.ParseAddrPort, "an address with a port: write one like 192.0.2.1:80 or [2001:db8::1]:80"
	if n, bad := strconv.ParseUint(proto, 10, 8); bad == nil {
		if n == 6 || n == 17 || n == 1 || n == 58 {
			return f, fmt.Errorf("control: flow: protocol %d has ports: write tcp, udp or icmp", n)
		}
		f.Protocol, form = proto, "an address without a port: write one like 192.0.2.1 or 2001:db8::1"
		parse = func(s string) (netip.AddrPort, error) {
			a, err := netip.ParseAddr(s)
			return netip.AddrPortFrom(a, 0), err
		}
	} else if f.Protocol, err = ParseProtocol(proto); err != nil {
		return f, err
	}
	for _, end := range []struct {
		text string
		to   *netip.AddrPort
	}{{src, &f.Src}, {dst, &f.Dst}} {
		a, err := parse(end.text)
		if err != nil || a.Addr().Zone() != "" || a.Addr().Is4In6() {
			return f, fmt.Errorf("control: flow: %q is not %s", end.text, form)
		}
		*end.to = a
	}
	if f.Src.Addr().Is4() != f.Dst.Addr().Is4() {
		return f, fmt.Errorf("control: flow: %v and %v are not of one family: write both as the sender has them", f.Src, f.Dst)
	}
	return f, nil
}

func (s *Server) explain(w http.ResponseWriter, r *http.Request) {
	patience(w)
	q := r.URL.Query()
	f, err := ParseFlow(q.Get("proto"), q.Get("src"), q.Get("dst"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if s.ExplainFlow == nil {
		http.Error(w, "nothing is translated here", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(s.ExplainFlow(f)); err != nil {
		return // the other side is gone
	}
}

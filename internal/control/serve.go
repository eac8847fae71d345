package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"taygo/internal/routemap"
)

// A Server answers on a control socket. Its functions may be called at any time,
// from several goroutines. Those of NAT64 may be nil all together: then there are
// no sessions. Their errors are told to the client as they are.
type Server struct {
	Status func() Status
	Reload func() error // nil once the new configuration is in force
	// ExplainFlow tells what a flow would become; nil where nothing is translated.
	ExplainFlow func(Flow) FlowExplanation

	// Routes returns the route mapper that runs; nil, or nil itself, if none does.
	Routes func() *routemap.Mapper

	// Sessions and Bindings yield what q asks for until yield returns false. A
	// yield takes as long as the client takes to read, so it must be called with
	// no lock held. What q does not ask for may be yielded too, it is left out.
	Sessions func(q Query, yield func(Session) bool) error
	Bindings func(q Query, yield func(Binding) bool) error
	// Follow yields changes as they happen until ctx ends or yield returns false,
	// under the same terms. It returns nil then. An error is told only before the
	// first change.
	Follow func(ctx context.Context, q Query, yield func(Change) bool) error
	// AddBinding makes a static binding, and RemoveBinding removes one, of which
	// Protocol, IPv4 and Ports are enough. Both are given ports and addresses of
	// the right family, and a protocol of Protocols.
	AddBinding    func(Binding) error
	RemoveBinding func(Binding) error
}

// Listen makes the control socket at path. One that nobody answers at is taken
// over. Only the user it runs as may connect. Who connects waits until Serve.
func Listen(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("control: %w: set control-socket to a path in a directory that can be written, or to off", err)
	}
	if c, err := net.Dial("unix", path); err == nil {
		c.Close()
		return nil, fmt.Errorf("control: %s: another taygo answers there: stop it, or set control-socket", path)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() == os.ModeSocket {
		os.Remove(path) // left behind by a process that was killed
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("control: %w: set control-socket to another path, or to off", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("control: %w", err)
	}
	return l, nil
}

// Serve answers at the socket of l until ctx ends, and then removes it.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: readTimeout / 2,
		ReadTimeout:       readTimeout,
		MaxHeaderBytes:    8 << 10,
	}
	stop := context.AfterFunc(ctx, func() { h.Close() })
	defer stop()
	if err := h.Serve(newDoor(l, maxClients)); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("control: %s: %w", l.Addr(), err)
	}
	return nil
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", s.status)
	mux.HandleFunc("POST /reload", s.reload)
	mux.HandleFunc("GET /explain", s.explain)
	mux.HandleFunc("GET /metrics", s.metricsHandler())
	listings, follows := make(seats, maxListings), make(seats, maxFollows)
	mux.HandleFunc("GET /sessions", listings.taken(s.sessions))
	mux.HandleFunc("GET /bib", listings.taken(s.bindings))
	mux.HandleFunc("GET /sessions/follow", follows.taken(s.follow))
	mux.HandleFunc("POST /bib", s.changeBinding(s.AddBinding))
	mux.HandleFunc("DELETE /bib", s.changeBinding(s.RemoveBinding))
	routes{s.mapper}.handle(mux, listings)
	return mux
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request) {
	patience(w)
	w.Header().Set("Content-Type", "application/json")
	status := s.Status()
	if m := s.mapper(); m != nil {
		routes := m.Summary()
		status.Routes = &routes
	}
	if err := json.NewEncoder(w).Encode(status); err != nil {
		return // the other side is gone
	}
}

func (s *Server) reload(w http.ResponseWriter, _ *http.Request) {
	if err := s.Reload(); err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

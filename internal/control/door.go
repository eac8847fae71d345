package control

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// What clients may have at once. Each connection costs a file descriptor and a
// goroutine, each listing some work on the tables, each follower a queue.
const (
	maxClients  = 256
	maxListings = 4
	maxFollows  = 16
)

var (
	slowest     = 10 * time.Second // how long a client may take to read a piece of an answer
	readTimeout = 10 * time.Second // and to write a request
)

// patience gives the client time to read the next piece of an answer.
func patience(w http.ResponseWriter) {
	// It fails for a connection that is closed: so does the write.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(slowest))
}

// seats are the places for requests of a costly kind.
type seats chan struct{}

// taken has h serve a request if there is a seat for it.
func (s seats) taken(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		patience(w)
		select {
		case s <- struct{}{}:
			defer func() { <-s }()
			h(w, r)
		default:
			http.Error(w, "too many clients ask for that at once: try again later, or end one", http.StatusServiceUnavailable)
		}
	}
}

// A door is a listener that lets in so many at once. The next ones wait outside.
type door struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	once   sync.Once
}

func newDoor(l net.Listener, n int) *door {
	return &door{Listener: l, places: make(chan struct{}, n), closed: make(chan struct{})}
}

// Accept waits for a place, and then for a client.
func (d *door) Accept() (net.Conn, error) {
	select {
	case d.places <- struct{}{}:
	case <-d.closed:
		return nil, net.ErrClosed
	}
	c, err := d.Listener.Accept()
	if err != nil {
		<-d.places
		return nil, err
	}
	return &guest{Conn: c, leave: sync.OnceFunc(func() { <-d.places })}, nil
}

// Close ends the listener and whoever waits in Accept.
func (d *door) Close() error {
	d.once.Do(func() { close(d.closed) })
	return d.Listener.Close()
}

// A guest is a connection that has a place.
type guest struct {
	net.Conn
	leave func()
}

// Close ends the connection, and makes room for the next.
func (g *guest) Close() error {
	defer g.leave()
	return g.Conn.Close()
}

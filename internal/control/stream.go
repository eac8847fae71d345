package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// errNoNAT64 is the answer where there are no sessions.
var errNoNAT64 = errors.New("this taygo keeps no sessions: give its configuration a NAT64 pool, and reload")

// pieceSize is how many octets of an answer are written at once.
const pieceSize = 32 << 10

// flushEvery is how long a change waits at most for others to be written with.
const flushEvery = 100 * time.Millisecond

// lines is an answer of one JSON object a line. Its memory is bounded: what does
// not fit any more waits until the client has read, for as long as slowest.
type lines struct {
	mu      sync.Mutex // for the goroutine that flushes
	w       http.ResponseWriter
	buf     *bufio.Writer // over this itself, without the lock
	enc     *json.Encoder
	started bool // the client has got some
	failed  error
}

func newLines(w http.ResponseWriter) *lines {
	l := &lines{w: w}
	l.buf = bufio.NewWriterSize(piece{l}, pieceSize)
	l.enc = json.NewEncoder(l.buf)
	return l
}

// A piece writes pieces of the answer.
type piece struct{ l *lines }

// Write gives the client time anew with every piece.
func (p piece) Write(b []byte) (int, error) {
	p.l.start()
	return p.l.w.Write(b)
}

// start begins a good answer, or goes on with it.
func (l *lines) start() {
	patience(l.w)
	if !l.started {
		l.started = true
		l.w.Header().Set("Content-Type", "application/jsonl")
		l.w.WriteHeader(http.StatusOK)
	}
}

// put appends a line, and reports whether the client takes more.
func (l *lines) put(line any) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil {
		l.failed = l.enc.Encode(line)
	}
	return l.failed == nil
}

// flush has the client get what there is.
func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed != nil {
		return
	}
	l.start()
	if l.failed = l.buf.Flush(); l.failed == nil {
		l.failed = http.NewResponseController(l.w).Flush()
	}
}

// end ends an answer. After an error the client gets that and nothing else; if it
// has got some already, the answer is cut off, so that nobody takes it for whole.
func (l *lines) end(err error) {
	switch {
	case err == nil:
		l.flush()
	case !l.started:
		http.Error(l.w, err.Error(), http.StatusUnprocessableEntity)
	default:
		panic(http.ErrAbortHandler) // net/http's way to close the connection at once
	}
}

// listing answers with those of the items that list yields which the query covers.
func listing[T any](w http.ResponseWriter, r *http.Request, list func(Query, func(T) bool) error, covered func(Query, T) bool) {
	if list == nil {
		http.Error(w, errNoNAT64.Error(), http.StatusNotFound)
		return
	}
	q, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	out, n := newLines(w), 0
	err = list(q, func(item T) bool {
		if !covered(q, item) {
			return r.Context().Err() == nil
		}
		n++
		return out.put(item) && n != q.Limit
	})
	out.end(err)
}

func (s *Server) sessions(w http.ResponseWriter, r *http.Request) {
	listing(w, r, s.Sessions, Query.coversSession)
}

func (s *Server) bindings(w http.ResponseWriter, r *http.Request) {
	listing(w, r, s.Bindings, Query.coversBinding)
}

// follow answers with changes until the client goes.
func (s *Server) follow(w http.ResponseWriter, r *http.Request) {
	if s.Follow == nil {
		http.Error(w, errNoNAT64.Error(), http.StatusNotFound)
		return
	}
	q, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ctx, stop := context.WithCancel(r.Context())
	out, n := newLines(w), 0
	var flusher sync.WaitGroup
	flusher.Go(func() { out.keepFlushing(ctx, stop) })
	err = s.Follow(ctx, q, func(c Change) bool {
		if c.Event != EventLost && !q.coversChange(c) {
			return ctx.Err() == nil
		}
		n++
		more := out.put(c) && n != q.Limit
		if !more {
			stop()
		}
		return more
	})
	stop()
	flusher.Wait()
	out.end(err)
}

// keepFlushing flushes now and then until ctx ends, and calls stop when the
// client takes no more.
func (l *lines) keepFlushing(ctx context.Context, stop func()) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if !l.flushed() {
				stop()
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// flushed flushes what waits, and reports whether the client takes more.
func (l *lines) flushed() bool {
	l.flush()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed == nil
}

// readBody reads the JSON object of a request into v.
func readBody(w http.ResponseWriter, r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the object")
	}
	return nil
}

// maxBody bounds the body of a request, in octets.
const maxBody = 4 << 10

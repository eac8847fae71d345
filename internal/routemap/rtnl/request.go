package rtnl

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// A Failure is a request of a Batch that the kernel refused.
type Failure struct {
	Request int        // its number in the batch, from 0
	Errno   unix.Errno // why
	Text    string     // the kernel's words for it, or empty
	Message            // the request itself; good until the batch is reset
}

// Error says why, in the words of the kernel if there are any.
func (f Failure) Error() string {
	if f.Text == "" {
		return fmt.Sprintf("rtnl: refused: %v", f.Errno)
	}
	return fmt.Sprintf("rtnl: refused: %v: %s", f.Errno, f.Text)
}

// Unwrap returns the error number.
func (f Failure) Unwrap() error { return f.Errno }

// Send has the kernel do the requests of a batch in order, and returns those that
// it refused; the others are done when Send returns. The error tells that it is
// not known what was done: it is ErrOverrun if too many were refused for the
// kernel to tell. An empty batch is nothing to do.
func (c *Conn) Send(b *Batch) ([]Failure, error) {
	if b.n == 0 {
		return nil, nil
	}
	first := c.seq + 1
	last := c.seq + uint32(b.n)
	c.seq = last
	b.number(first)
	if err := c.send(b.buf); err != nil {
		return nil, err
	}
	var failures []Failure
	for {
		datagram, err := c.read()
		if err != nil {
			return failures, err
		}
		for m := range Messages(datagram) {
			if m.Type != unix.NLMSG_ERROR || m.Seq-first > last-first {
				continue
			}
			if errno, text := refusal(m); errno != 0 {
				request, _ := b.At(int(m.Seq - first))
				failures = append(failures, Failure{int(m.Seq - first), errno, text, request})
			}
			if m.Seq == last {
				return failures, nil
			}
		}
	}
}

// Do has the kernel do the one request that add appends to an empty batch. The
// error is a Failure if it was refused.
func (c *Conn) Do(add func(*Batch)) error {
	c.batch.Reset()
	add(&c.batch)
	failures, err := c.Send(&c.batch)
	if err == nil && len(failures) > 0 {
		err = failures[0]
	}
	return err
}

// Ask sends the one request that add appends to an empty batch, and calls each
// with every message of the answer. It serves dumps (NLM_F_DUMP) and others. The
// error is a Failure if the request was refused, and ErrInterrupted if a dump has
// to be repeated.
func (c *Conn) Ask(add func(*Batch), each func(Message)) error {
	if err := c.request(add); err != nil {
		return err
	}
	a := answer{seq: c.seq, each: each}
	return a.collect(c.read)
}

// request sends the one request that add appends to an empty batch.
func (c *Conn) request(add func(*Batch)) error {
	c.batch.Reset()
	add(&c.batch)
	c.seq++
	c.batch.number(c.seq)
	return c.send(c.batch.buf)
}

// An answer is what comes for a request.
type answer struct {
	seq         uint32
	each        func(Message)
	interrupted bool // what is dumped changed meanwhile
}

// collect takes in what next returns until the answer is whole.
func (a *answer) collect(next func() ([]byte, error)) error {
	for {
		datagram, err := next()
		if err != nil {
			return err
		}
		if done, err := a.take(datagram); done {
			return err
		}
	}
}

// take takes in a datagram, and tells whether the answer is whole, or why it is
// none.
func (a *answer) take(datagram []byte) (done bool, err error) {
	for m := range Messages(datagram) {
		if m.Seq != a.seq {
			continue
		}
		a.interrupted = a.interrupted || m.Flags&unix.NLM_F_DUMP_INTR != 0
		if m.ends(a.seq) {
			return true, ended(m, a.interrupted)
		}
		a.each(m)
	}
	return false, nil
}

// ends tells whether m is the last message of the answer to a request.
func (m Message) ends(seq uint32) bool {
	return m.Seq == seq && (m.Type == unix.NLMSG_ERROR || m.Type == unix.NLMSG_DONE)
}

// ended returns how an answer ended.
func ended(m Message, interrupted bool) error {
	errno, text := refusal(m)
	switch {
	case errno != 0:
		return Failure{0, errno, text, m}
	case interrupted:
		return ErrInterrupted
	}
	return nil
}

// refusal reads NLMSG_ERROR and NLMSG_DONE; errno is 0 if all is well.
func refusal(m Message) (errno unix.Errno, text string) {
	const (
		aboutRequest = unix.NLMSG_ERROR // whose payload names the request after the number
		attrMessage  = 1                // NLMSGERR_ATTR_MSG
	)
	if len(m.Payload) < 4 {
		return 0, ""
	}
	errno = unix.Errno(-int32(native.Uint32(m.Payload)))
	if errno == 0 || m.Flags&unix.NLM_F_ACK_TLVS == 0 {
		return errno, ""
	}
	rest := m.Payload[4:]
	if m.Type == aboutRequest {
		if len(rest) < unix.SizeofNlMsghdr {
			return errno, ""
		}
		skip := unix.SizeofNlMsghdr
		if m.Flags&unix.NLM_F_CAPPED == 0 {
			skip = max(skip, align(int(native.Uint32(rest))))
		}
		rest = rest[min(skip, len(rest)):]
	}
	for kind, value := range attrs(rest) {
		if kind == attrMessage {
			text = unix.ByteSliceToString(value)
		}
	}
	return errno, text
}

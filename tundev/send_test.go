package tundev

import (
	"errors"
	"os"
	"sync"
	"testing"
)

// Send hands packets to the kernel from any goroutine, and counts like Write what
// it does not take.
func TestNetnsSend(t *testing.T) {
	for name, offered := range map[string]offers{"direct": allOffers, "library": withoutHeader} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			d := openAt(t, h, Options{}, offered)
			addressed(t, h, d)
			q := d.Queues()[0]
			packet := udp4("192.0.2.1", 8)
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					for range 25 {
						if err := q.Send(packet); err != nil {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			must(t, q.Send(make([]byte, 40))) // of IP version 0
			if got, want := q.Stats(), (Stats{Written: 100, Refused: 1}); got.Written != want.Written || got.Refused != want.Refused {
				t.Errorf("counted %+v, want %+v", got, want)
			}
			must(t, h.Netlink().LinkDel(linkOf(t, h, d)))
			if err := q.Send(packet); !errors.Is(err, ErrGone) {
				t.Errorf("to a deleted device: %v", err)
			}
			must(t, d.Close())
			if err := q.Send(packet); !errors.Is(err, os.ErrClosed) {
				t.Errorf("to a closed device: %v", err)
			}
		})
	}
}

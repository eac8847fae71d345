package demo

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"taygo/internal/netlab"
)

// bigPage returns a page of 8 MiB that no link can shorten. It is never changed.
var bigPage = sync.OnceValue(func() []byte {
	page := make([]byte, 8<<20)
	_, _ = rand.NewChaCha8([32]byte{6}).Read(page) // never fails
	return page
})

// pages returns what a web server shows: / greets the client with its address,
// /big is the big page.
func pages(greeting string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		from, _ := netip.ParseAddrPort(r.RemoteAddr)
		_, _ = fmt.Fprintf(w, "%s %v", greeting, from.Addr())
	})
	mux.HandleFunc("GET /big", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(bigPage())))
		_, _ = w.Write(bigPage())
	})
	return mux
}

// dialer returns what connects from an address of a host.
func dialer(h *netlab.Host, local netip.Addr) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0))}
	return func(ctx context.Context, network, address string) (c net.Conn, err error) {
		err = h.Do(func() (err error) {
			c, err = d.DialContext(ctx, network, address)
			return err
		})
		return c, err
	}
}

// get opens a page from an address of a host.
func get(ctx context.Context, h *netlab.Host, local netip.Addr, url string) (*http.Response, error) {
	client := http.Client{Transport: &http.Transport{DialContext: dialer(h, local), DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	return resp, nil
}

// A visit is a host that opens pages of a server on the other side.
type visit struct {
	from     *netlab.Host
	local    netip.Addr // of from
	to       netip.Addr // as from sees the server
	greeting string     // of the server
	seen     netip.Addr // the source that the server shall see
	because  string     // why that
}

func (v visit) url(path string) string {
	host := write(v.to)
	if v.to.Is6() {
		host = "[" + host + "]"
	}
	return "http://" + host + path
}

// page opens the greeting and checks whom the server saw.
func (v visit) page(ctx context.Context) (string, error) {
	resp, err := get(ctx, v.from, v.local, v.url("/"))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return "", err
	}
	text, ok := strings.CutPrefix(string(body), v.greeting+" ")
	if seen, err := netip.ParseAddr(text); !ok || err != nil || seen != v.seen {
		return "", fmt.Errorf("%s says %q: want it to greet %v", v.url("/"), body, v.seen)
	}
	return fmt.Sprintf("%s: %s, %q; it saw %s, %s", v.url("/"), resp.Status, v.greeting, write(v.seen), v.because), nil
}

// loadTime is how long big pages are opened, one after another.
const loadTime = 1800 * time.Millisecond

// load opens big pages for a while, and checks each.
func (v visit) load(ctx context.Context) (string, error) {
	want := sha256.Sum256(bigPage())
	page := make([]byte, len(bigPage()))
	var opened int
	var took time.Duration // without the check
	for end := time.Now().Add(loadTime); opened == 0 || time.Now().Before(end); opened++ {
		begun := time.Now()
		if err := v.big(ctx, page); err != nil {
			return "", fmt.Errorf("page %d: %w", opened+1, err)
		}
		took += time.Since(begun)
		if sha256.Sum256(page) != want {
			return "", fmt.Errorf("page %d: the digest is wrong: octets were changed on the way", opened+1)
		}
		clear(page)
	}
	return fmt.Sprintf("%s: %d times %d MiB, each SHA-256 right, %s", v.url("/big"), opened, len(page)>>20,
		bitrate(int64(opened)*int64(len(page)), took)), nil
}

// atOnce has both hosts load at the same time.
func atOnce(ctx context.Context, in, out visit) (string, error) {
	var texts [2]string
	var errs [2]error
	var both sync.WaitGroup
	for i, v := range []visit{in, out} {
		both.Go(func() { texts[i], errs[i] = v.load(ctx) })
	}
	both.Wait()
	return fmt.Sprintf("from IPv4, %s\n%15sthrough the pool, %s", texts[0], "", texts[1]), errors.Join(errs[0], errs[1])
}

// big opens the big page into a buffer of its length.
func (v visit) big(ctx context.Context, page []byte) error {
	resp, err := get(ctx, v.from, v.local, v.url("/big"))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if n, err := io.ReadFull(resp.Body, page); err != nil {
		return fmt.Errorf("%w after %d octets", err, n)
	}
	return nil
}

// bitrate returns octets over a time in words.
func bitrate(octets int64, took time.Duration) string {
	mega := float64(octets) * 8 / took.Seconds() / 1e6
	if mega < 1000 {
		return fmt.Sprintf("%.0f Mbit/s", mega)
	}
	return fmt.Sprintf("%.1f Gbit/s", mega/1000)
}

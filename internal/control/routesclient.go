package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"

	"taygo/internal/routemap"
)

// Routes asks how route mapping stands. As with all that follows, the error tells
// if no routes are mapped.
func (c Client) Routes(ctx context.Context) (routemap.Summary, error) {
	return object[routemap.Summary](ctx, c, http.MethodGet, "/routes/summary")
}

// ShowRoutes calls yield for each route inside a prefix, IPv4 or mapped, in the
// order of their addresses, until it returns false or there were limit of them; 0
// is no limit. They are not of one moment if there are many.
func (c Client) ShowRoutes(ctx context.Context, p netip.Prefix, limit int, yield func(routemap.RouteInfo) bool) error {
	q := url.Values{"prefix": {p.String()}, "limit": {strconv.Itoa(limit)}}
	return receive(ctx, c, "/routes/show?"+q.Encode(), yield)
}

// LookupRoute asks which route packets to an address follow: an IPv4 address, or
// the IPv6 address that stands for one.
func (c Client) LookupRoute(ctx context.Context, a netip.Addr) (Lookup, error) {
	return object[Lookup](ctx, c, http.MethodGet, "/routes/lookup?"+url.Values{"ipv4": {a.String()}}.Encode())
}

// NextHops calls yield for each next hop, sorted by where it leads, until it
// returns false.
func (c Client) NextHops(ctx context.Context, yield func(routemap.NextHopInfo) bool) error {
	return receive(ctx, c, "/routes/nexthops", yield)
}

// RejectedRoutes asks which routes are not mapped.
func (c Client) RejectedRoutes(ctx context.Context) (Rejections, error) {
	return object[Rejections](ctx, c, http.MethodGet, "/routes/rejected")
}

// VerifyRoutes has the tables of the kernel compared, as routemap.Mapper.Verify
// does. progress, unless nil, is called now and then.
func (c Client) VerifyRoutes(ctx context.Context, full bool, progress func(done, total int)) (routemap.Verdict, error) {
	resp, err := c.request(ctx, http.MethodPost, "/routes/verify?full="+strconv.FormatBool(full), nil)
	if err != nil {
		return routemap.Verdict{}, err
	}
	defer resp.Body.Close()
	var last VerifyLine
	err = c.decode(ctx, resp.Body, func(d *json.Decoder) (bool, error) {
		var line VerifyLine
		if err := d.Decode(&line); err != nil {
			return false, err
		}
		last = line
		if last.Total > 0 && progress != nil {
			progress(last.Done, last.Total)
		}
		return true, nil
	})
	switch {
	case err != nil:
		return routemap.Verdict{}, err
	case last.Error != "":
		return routemap.Verdict{}, fmt.Errorf("control: %s", last.Error)
	case last.Verdict == nil:
		return routemap.Verdict{}, c.notUnderstood(errors.New("it has no verdict"))
	}
	return *last.Verdict, nil
}

// ResyncRoutes has all sources and the mapped routes read anew, waits until what
// was wrong is mended, and returns how it stands then.
func (c Client) ResyncRoutes(ctx context.Context) (routemap.Summary, error) {
	return object[routemap.Summary](ctx, c, http.MethodPost, "/routes/resync")
}

// FlushRoutes has all mapped routes taken away, and returns how many there were.
// None is mapped until ResyncRoutes.
func (c Client) FlushRoutes(ctx context.Context) (int, error) {
	f, err := object[Flushed](ctx, c, http.MethodPost, "/routes/flush")
	return f.Routes, err
}

// object sends a request, which may take as long as ctx lasts, and returns the
// object that is the answer.
func object[T any](ctx context.Context, c Client, method, path string) (T, error) {
	var answer T
	resp, err := c.request(ctx, method, path, nil)
	if err != nil {
		return answer, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return answer, fmt.Errorf("control: %s: %w", c.Path, err)
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return answer, c.notUnderstood(err)
	}
	return answer, nil
}

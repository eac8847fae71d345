package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// A Client speaks to the taygo that listens at Path.
type Client struct{ Path string }

// Status asks for the status.
func (c Client) Status(ctx context.Context) (Status, error) {
	var s Status
	body, err := c.do(ctx, http.MethodGet, "/status", nil)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return s, c.notUnderstood(err)
	}
	return s, nil
}

// Reload asks for a reload and waits for it. The error says why the running
// configuration stays.
func (c Client) Reload(ctx context.Context) error {
	_, err := c.do(ctx, http.MethodPost, "/reload", nil)
	return err
}

// AddBinding asks for a static binding. The error says why there is none.
func (c Client) AddBinding(ctx context.Context, b Binding) error {
	_, err := c.do(ctx, http.MethodPost, "/bib", &b)
	return err
}

// RemoveBinding has a static binding removed: that of b.Protocol and b.IPv4, and,
// if b.IPv6 is given, only if it is of that host. The error says why it stays.
func (c Client) RemoveBinding(ctx context.Context, b Binding) error {
	_, err := c.do(ctx, http.MethodDelete, "/bib", &b)
	return err
}

// Sessions calls yield for each session that q asks for, until it returns false.
// After an error some are missing.
func (c Client) Sessions(ctx context.Context, q Query, yield func(Session) bool) error {
	return receive(ctx, c, "/sessions?"+q.values().Encode(), yield)
}

// Bindings calls yield for each binding that q asks for, until it returns false.
// After an error some are missing.
func (c Client) Bindings(ctx context.Context, q Query, yield func(Binding) bool) error {
	return receive(ctx, c, "/bib?"+q.values().Encode(), yield)
}

// Follow calls yield for each change that q asks for, as they happen, until it
// returns false, ctx ends, or taygo does. It returns nil in the first two cases.
func (c Client) Follow(ctx context.Context, q Query, yield func(Change) bool) error {
	err := receive(ctx, c, "/sessions/follow?"+q.values().Encode(), yield)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// receive calls yield for each line of an answer.
func receive[T any](ctx context.Context, c Client, path string, yield func(T) bool) error {
	resp, err := c.request(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return c.decode(ctx, resp.Body, func(d *json.Decoder) (bool, error) {
		var item T
		err := d.Decode(&item)
		return err == nil && yield(item), err
	})
}

// decode calls line for each line of an answer, until it returns false or an error.
func (c Client) decode(ctx context.Context, body io.Reader, line func(*json.Decoder) (more bool, err error)) error {
	for d := json.NewDecoder(body); ; {
		more, err := line(d)
		var syntax *json.SyntaxError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
			return fmt.Errorf("control: %s: the answer is cut off: taygo has ended, or this was read too slowly", c.Path)
		case errors.As(err, &syntax), err != nil && ctx.Err() == nil:
			return c.notUnderstood(err)
		case err != nil:
			return fmt.Errorf("control: %s: %w", c.Path, err)
		}
		if !more {
			return nil
		}
	}
}

// maxAnswer bounds an answer that is no stream of lines, in octets.
const maxAnswer = 64 << 20

// do sends a request, and returns the body of the answer.
func (c Client) do(ctx context.Context, method, path string, b *Binding) ([]byte, error) {
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	resp, err := c.request(ctx, method, path, b)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("control: %s: %w", c.Path, err)
	}
	return body, nil
}

// request sends a request, with b in its body unless it is nil, and returns an
// answer that is good so far.
func (c Client) request(ctx context.Context, method, path string, b *Binding) (*http.Response, error) {
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", c.Path)
	}, DisableKeepAlives: true}}
	var body io.Reader
	if b != nil {
		text, err := json.Marshal(b)
		if err != nil {
			return nil, fmt.Errorf("control: %w", err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://taygo"+path, body)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("control: %s: no taygo answers: is it running, and is this its control-socket? (%w)", c.Path, err)
	}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer resp.Body.Close()
	why, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("control: %s: %s: %w", c.Path, resp.Status, err)
	}
	return nil, fmt.Errorf("control: %s", strings.TrimSpace(string(why)))
}

func (c Client) notUnderstood(err error) error {
	return fmt.Errorf("control: %s: answer not understood: %w: is it the same version of taygo?", c.Path, err)
}

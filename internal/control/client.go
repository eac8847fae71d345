package control

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// A Client speaks to the taygo that listens at Path.
type Client struct{ Path string }

// Status asks for the status.
func (c Client) Status(ctx context.Context) (Status, error) {
	var s Status
	body, err := c.do(ctx, http.MethodGet, "/status")
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return s, fmt.Errorf("control: %s: answer not understood: %w: is it the same version of taygo?", c.Path, err)
	}
	return s, nil
}

// Reload asks for a reload and waits for it. The error says why the running
// configuration stays.
func (c Client) Reload(ctx context.Context) error {
	_, err := c.do(ctx, http.MethodPost, "/reload")
	return err
}

// maxAnswer bounds an answer, in octets.
const maxAnswer = 64 << 20

func (c Client) do(ctx context.Context, method, path string) ([]byte, error) {
	client := http.Client{
		Timeout: 30 * time.Second,
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", c.Path)
		}, DisableKeepAlives: true},
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://taygo"+path, nil)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("control: %s: no taygo answers: is it running, and is this its control-socket? (%w)", c.Path, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case err != nil:
		return nil, fmt.Errorf("control: %s: %w", c.Path, err)
	case resp.StatusCode >= 300:
		return nil, fmt.Errorf("control: %s", strings.TrimSpace(string(body)))
	}
	return body, nil
}

// Package web requests a tenant's REST API and judges its answers.
package web

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"

	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// maxAnswer limits the size of an answer, in bytes.
const maxAnswer = 8 << 20

// maxHeaders bounds the headers of an answer, in bytes.
const maxHeaders = 256 << 10

// Client queries one tenant's Orthanc over HTTP.
type Client struct {
	Subject check.Subject
	Base    string
	// anonymous is for requests without credentials. All connections of verified are
	// to servers whose certificate was verified: requests with credentials use it.
	anonymous, verified *http.Client
}

// New connects to the subject according to the options. Connections are kept: one is
// enough for all requests.
func New(o check.Options, s check.Subject) *Client {
	base := "https://" + s.Web.Host
	if s.Web.Port != 443 {
		base = "https://" + net.JoinHostPort(s.Web.Host, strconv.FormatInt(s.Web.Port, 10))
	}
	return &Client{Subject: s, Base: base, anonymous: newHTTPClient(o.Secure, s), verified: newHTTPClient(o.SecureVerified, s)}
}

func newHTTPClient(connect func(context.Context, check.Subject, check.Endpoint) (*tls.Conn, error), s check.Subject) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				conn, err := connect(ctx, s, s.Web)
				if err != nil {
					return nil, err // not a nil *tls.Conn
				}
				return conn, nil
			},
			MaxResponseHeaderBytes: maxHeaders,
			// HTTP/1.1, as the check of TLS has negotiated.
			TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
		},
		// The user must see a redirect to another server.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Close closes idle connections.
func (c *Client) Close() {
	c.anonymous.CloseIdleConnections()
	c.verified.CloseIdleConnections()
}

// Reply is the answer to one request.
type Reply struct {
	URL    string
	Status int
	Header http.Header
	Body   []byte
}

// Request sends a request and reads the answer. With credentials the error is an
// *UnverifiedError when the server's certificate can't be verified: nothing is sent
// then.
func (c *Client) Request(ctx context.Context, method, path string, body io.Reader, login check.Credentials) (status int, answer []byte, err error) {
	r, err := c.send(ctx, method, path, body, login)
	return r.Status, r.Body, err
}

// Get is request for GET; the reply has the headers, too.
func (c *Client) Get(ctx context.Context, path string, login check.Credentials) (Reply, error) {
	return c.send(ctx, http.MethodGet, path, nil, login)
}

func (c *Client) send(ctx context.Context, method, path string, body io.Reader, login check.Credentials) (Reply, error) {
	r := Reply{URL: c.Base + path}
	err := c.exchange(ctx, method, path, body, login, func(resp *http.Response) (err error) {
		r.Status, r.Header = resp.StatusCode, resp.Header
		r.Body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		return err
	})
	return r, err
}

// Stream sends a request, and reads the answer as it arrives, up to most bytes. A status
// other than 200 is a *StatusError.
func (c *Client) Stream(ctx context.Context, path string, login check.Credentials, most int64, read func(io.Reader) error) error {
	return c.exchange(ctx, http.MethodGet, path, nil, login, func(resp *http.Response) error {
		if err := check.OrStatus(nil, resp.StatusCode); err != nil {
			return err
		}
		return read(io.LimitReader(resp.Body, most))
	})
}

// exchange sends a request and passes the answer to read.
func (c *Client) exchange(ctx context.Context, method, path string, body io.Reader, login check.Credentials, read func(*http.Response) error) error {
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, body)
	if err != nil {
		return err
	}
	client := c.anonymous
	if login.Given() {
		if err := login.AddTo(req, c.Subject.Tenant); err != nil {
			return err
		}
		client = c.verified
	}
	resp, err := client.Do(req)
	if err != nil {
		return innermost(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return read(resp)
}

// innermost removes from an HTTP error what the check's name already contains.
func innermost(err error) error {
	var unverified *check.UnverifiedError
	if errors.As(err, &unverified) {
		return unverified
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		var op *net.OpError
		if errors.As(err, &op) {
			return op
		}
		err = inner
	}
}

// System is Orthanc's description of itself at /system (Orthanc Book, REST API).
type System struct {
	DicomAet, Name, Version string
}

// ReadSystem reports whether a reply to /system is Orthanc's. Servers that answer every
// path with the same page are not.
func ReadSystem(r Reply) (s System, ok bool) {
	ok = r.Status == http.StatusOK && json.Unmarshal(r.Body, &s) == nil && s.Version != "" && s.DicomAet != ""
	return s, ok
}

package validate

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 8 << 20

// maxHeaders bounds the headers of an answer, in bytes.
const maxHeaders = 256 << 10

// web queries one tenant's Orthanc over HTTP.
type web struct {
	subject Subject
	base    string
	// anonymous is for requests without credentials. All connections of verified are
	// to servers whose certificate was verified: requests with credentials use it.
	anonymous, verified *http.Client
}

// newWeb connects to the subject according to the options. Connections are kept: one is
// enough for all requests.
func newWeb(o Options, s Subject) *web {
	base := "https://" + s.Web.Host
	if s.Web.Port != 443 {
		base = "https://" + net.JoinHostPort(s.Web.Host, strconv.FormatInt(s.Web.Port, 10))
	}
	return &web{subject: s, base: base, anonymous: newHTTPClient(o.secure, s), verified: newHTTPClient(o.secureVerified, s)}
}

func newHTTPClient(connect func(context.Context, Subject, Endpoint) (*tls.Conn, error), s Subject) *http.Client {
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

func (w *web) close() {
	w.anonymous.CloseIdleConnections()
	w.verified.CloseIdleConnections()
}

// reply is the answer to one request.
type reply struct {
	url    string
	status int
	header http.Header
	body   []byte
}

// request sends a request and reads the answer. With credentials the error is an
// *unverifiedError when the server's certificate can't be verified: nothing is sent
// then.
func (w *web) request(ctx context.Context, method, path string, body io.Reader, login Credentials) (status int, answer []byte, err error) {
	r, err := w.send(ctx, method, path, body, login)
	return r.status, r.body, err
}

// get is request for GET; the reply has the headers, too.
func (w *web) get(ctx context.Context, path string, login Credentials) (reply, error) {
	return w.send(ctx, http.MethodGet, path, nil, login)
}

func (w *web) send(ctx context.Context, method, path string, body io.Reader, login Credentials) (reply, error) {
	r := reply{url: w.base + path}
	err := w.exchange(ctx, method, path, body, login, func(resp *http.Response) (err error) {
		r.status, r.header = resp.StatusCode, resp.Header
		r.body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		return err
	})
	return r, err
}

// stream sends a request, and reads the answer as it arrives, up to most bytes. A status
// other than 200 is a *statusError.
func (w *web) stream(ctx context.Context, path string, login Credentials, most int64, read func(io.Reader) error) error {
	return w.exchange(ctx, http.MethodGet, path, nil, login, func(resp *http.Response) error {
		if err := orStatus(nil, resp.StatusCode); err != nil {
			return err
		}
		return read(io.LimitReader(resp.Body, most))
	})
}

// exchange sends a request and passes the answer to read.
func (w *web) exchange(ctx context.Context, method, path string, body io.Reader, login Credentials, read func(*http.Response) error) error {
	req, err := http.NewRequestWithContext(ctx, method, w.base+path, body)
	if err != nil {
		return err
	}
	client := w.anonymous
	if login.Given() {
		if err := login.addTo(req, w.subject.Tenant); err != nil {
			return err
		}
		client = w.verified
	}
	resp, err := client.Do(req)
	if err != nil {
		return innermost(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return read(resp)
}

// innermost removes from an HTTP error what the check's name already says.
func innermost(err error) error {
	var unverified *unverifiedError
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

// system is Orthanc's description of itself at /system (Orthanc Book, REST API).
type system struct {
	DicomAet, Name, Version string
}

// readSystem reports whether a reply to /system is Orthanc's. Servers that answer every
// path with the same page are not.
func readSystem(r reply) (s system, ok bool) {
	ok = r.status == http.StatusOK && json.Unmarshal(r.body, &s) == nil && s.Version != "" && s.DicomAet != ""
	return s, ok
}

func (v *validation) checkSystem(ctx context.Context) Check {
	if !v.canQuery() {
		return skip("sign-in was not tested: " + v.whyNoLogin())
	}
	r, err := v.web.get(ctx, systemPath, v.login)
	if err != nil {
		return failedRequest(r.url, err, v.subject.Tenant)
	}
	if r.status != http.StatusOK {
		return judgeStatus(r, v.subject.Tenant, v.login)
	}
	s, ok := readSystem(r)
	if !ok {
		return fail(codeNotOrthanc, "the response of /system is not Orthanc's"+shortText(r, v.login), "Orthanc's version and AE title", routeFix(v.subject.Tenant))
	}
	v.system = s
	return pass(fmt.Sprintf("Orthanc %s, AE title %s", s.Version, s.DicomAet))
}

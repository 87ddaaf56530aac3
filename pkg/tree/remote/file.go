package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// The limits of one request.
const (
	fileTimeout  = 60 * time.Second
	maxRedirects = 10
	maxHeaders   = 256 << 10
)

// newClient is a client that follows redirects to hosts that a check accepts. It has no cookies,
// and sends no credentials.
func newClient(check func(host string) error) *http.Client {
	dialer := &net.Dialer{Timeout: 15 * time.Second}
	return &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: 15 * time.Second, MaxResponseHeaderBytes: maxHeaders,
		},
		CheckRedirect: func(next *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("the server redirects more than %d times", maxRedirects)
			}
			if via[0].URL.Scheme == "https" && next.URL.Scheme != "https" {
				return errors.New("the server redirects from https to http")
			}
			at, err := addressOf(next.URL.String(), httpsScheme, httpScheme)
			if err == nil {
				err = check(at.host)
			}
			if err != nil {
				return fmt.Errorf("the server redirects to %s: %w", next.URL.Host, err)
			}
			return nil
		},
	}
}

// request sends a GET request. The caller closes the body.
func (f *Fetcher) request(ctx context.Context, target string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "kubectl-orthweb")
	answer, err := f.client.Do(r)
	if failed := (*url.Error)(nil); errors.As(err, &failed) { // the reference is in the message already
		err = failed.Err
	}
	return answer, err
}

// get downloads a file.
func (f *Fetcher) get(at address) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(f.ctx, fileTimeout, fmt.Errorf("it took longer than %v", fileTimeout))
	defer cancel()
	answer, err := f.request(ctx, at.url)
	if err != nil {
		return nil, causeOf(ctx, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return nil, fmt.Errorf("the server answered %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, tree.MaxFile+1))
	f.left -= int64(len(data))
	switch {
	case err != nil:
		return nil, causeOf(ctx, err)
	case len(data) > tree.MaxFile:
		return nil, fmt.Errorf("%w: it has more than %d MiB", tree.ErrTooLarge, tree.MaxFile>>20)
	case f.left < 0:
		return nil, fmt.Errorf("%w: the downloads have more than %d MiB together", tree.ErrTooLarge, maxBytes>>20)
	}
	return data, nil
}

// causeOf is why a context ended, if that is why an operation failed.
func causeOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// discovery is the path below a repository that Git requests first.
const discovery = "/info/refs"

// redirected is the address of a repository after redirects, which Git itself must not follow: it
// knows no allowed hosts. If the server does not answer, it is the address itself, and Git
// reports why.
func (f *Fetcher) redirected(ctx context.Context, at address) (address, error) {
	if strings.Contains(at.url, "@") || !strings.HasPrefix(at.url, "http") {
		return at, nil
	}
	answer, err := f.request(ctx, at.url+discovery+"?service=git-upload-pack")
	if refused := (*HostError)(nil); errors.As(err, &refused) {
		return at, err
	}
	if err != nil {
		return at, nil
	}
	defer answer.Body.Close()
	last := *answer.Request.URL
	var found bool
	if last.Path, found = strings.CutSuffix(last.Path, discovery); !found {
		return at, nil
	}
	last.RawPath, last.RawQuery = strings.TrimSuffix(last.RawPath, discovery), ""
	return addressOf(last.String(), httpsScheme, httpScheme)
}

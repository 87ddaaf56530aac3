package supervise

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/lab/parts"
	"github.com/digihunch/kubectl-orthweb/lab/pki"
)

// startLimit is the time limit until a part is healthy. On an idle machine the slowest takes
// three seconds.
const startLimit = 90 * time.Second

// probe checks the health of parts.
type probe struct{ plain, client *http.Client }

func newProbe(f pki.Files) (*probe, error) {
	ca, err := os.ReadFile(f.CA)
	if err != nil {
		return nil, fmt.Errorf("reading the lab's authority: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	cert, err := tls.LoadX509KeyPair(f.EtcdClient, f.EtcdClientKey)
	if err != nil {
		return nil, fmt.Errorf("reading a client certificate: %w", err)
	}
	with := func(certs ...tls.Certificate) *http.Client {
		return &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool, Certificates: certs},
		}}
	}
	return &probe{plain: with(), client: with(cert)}, nil
}

// wait waits until the part is healthy. It returns an error when the part ends, when ctx ends
// and after startLimit.
func (p *probe) wait(ctx context.Context, part parts.Part, ended <-chan struct{}) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, startLimit, true, func(context.Context) (bool, error) {
		select {
		case <-ended:
			return false, errors.New("it ended while it started")
		default:
			last = p.ask(ctx, part)
			return last == nil, nil
		}
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case wait.Interrupted(err):
		return fmt.Errorf("it is not healthy after %s: %w", startLimit, last)
	}
	return err
}

func (p *probe) ask(ctx context.Context, part parts.Part) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, part.Health, nil)
	if err != nil {
		return err
	}
	client := p.plain
	if part.Client {
		client = p.client
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s responded %s", req.URL.Redacted(), resp.Status)
	}
	return nil
}

package peers

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/digihunch/kubectl-orthweb/lab/state"
)

// limit is the time limit for a peer's answer. An idle peer takes milliseconds.
const limit = 2 * time.Second

// Check checks whether a peer answers at the endpoint: for HTTP with a request of Orthanc's
// /system, with its user's password, for HTTPS and TLS with a handshake. It doesn't verify the
// certificate, sends no client certificate, and doesn't check plain DICOM.
func Check(ctx context.Context, endpoint state.Endpoint) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	switch endpoint.Protocol {
	case "HTTP":
		return checkHTTP(ctx, endpoint.Address)
	case "HTTPS", "TLS":
		dialer := tls.Dialer{Config: &tls.Config{
			ServerName: endpoint.ServerName,
			// This check only needs an answer.
			InsecureSkipVerify: true,
		}}
		conn, err := dialer.DialContext(ctx, "tcp", endpoint.Address)
		if err != nil {
			return fmt.Errorf("no TLS handshake at %s: %w", endpoint.Address, err)
		}
		return conn.Close()
	}
	return nil
}

func checkHTTP(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/system", nil)
	if err != nil {
		return err
	}
	req.SetBasicAuth(User, Password)
	transport := &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{}).DialContext}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s responded %s", req.URL, resp.Status)
	}
	return nil
}

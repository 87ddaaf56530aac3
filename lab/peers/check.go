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

// limit is how long a peer has to answer. An idle one takes milliseconds.
const limit = 2 * time.Second

// Check asks a peer whether it answers at the door: HTTP for Orthanc's
// /system, with its user's password, HTTPS and TLS for a handshake. Whether
// the certificate is a good one isn't judged, nor is a client certificate
// sent; plain DICOM isn't asked.
func Check(ctx context.Context, door state.Door) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	switch door.Protocol {
	case "HTTP":
		return checkHTTP(ctx, door.Address)
	case "HTTPS", "TLS":
		dialer := tls.Dialer{Config: &tls.Config{
			ServerName: door.ServerName,
			// It is about whether anybody answers.
			InsecureSkipVerify: true,
		}}
		conn, err := dialer.DialContext(ctx, "tcp", door.Address)
		if err != nil {
			return fmt.Errorf("no TLS handshake at %s: %w", door.Address, err)
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

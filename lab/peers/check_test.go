package peers

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/digihunch/kubectl-orthweb/lab/state"
)

func TestCheck(t *testing.T) {
	orthanc := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if user != User || password != Password || r.URL.Path != "/system" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	plain, encrypted := httptest.NewServer(orthanc), httptest.NewTLSServer(orthanc)
	t.Cleanup(plain.Close)
	t.Cleanup(encrypted.Close)
	broken := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(broken.Close)
	// This server accepts connections and sends nothing.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, c := range []struct {
		about, protocol string
		at              net.Addr
		ok              bool
	}{
		{"Orthanc answers", "HTTP", plain.Listener.Addr(), true},
		{"Orthanc says that something is wrong", "HTTP", broken.Listener.Addr(), false},
		{"Orthanc hangs", "HTTP", silent.Addr(), false},
		{"Orthanc is gone", "HTTP", gone.Listener.Addr(), false},
		{"the proxy answers", "HTTPS", encrypted.Listener.Addr(), true},
		{"the proxy answers to DICOM", "TLS", encrypted.Listener.Addr(), true},
		{"no TLS there", "TLS", plain.Listener.Addr(), false},
		{"the proxy hangs", "TLS", silent.Addr(), false},
		{"plain DICOM isn't asked", "DICOM", gone.Listener.Addr(), true},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			err := Check(context.Background(), state.Endpoint{Protocol: c.protocol, Address: c.at.String()})
			if (err == nil) != c.ok {
				t.Errorf("%v", err)
			}
		})
	}
}

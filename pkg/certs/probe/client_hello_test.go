package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"
)

func TestSendHello(t *testing.T) {
	rsa := selfSigned(t, "dicom.bhs.orthweb.com")
	serve := func(change func(*tls.Config)) func(net.Conn) {
		config := &tls.Config{Certificates: []tls.Certificate{rsa}}
		change(config)
		return func(conn net.Conn) { _ = tls.Server(conn, config).Handshake() }
	}
	say := func(text string) func(net.Conn) {
		return func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 1024))
			_, _ = io.WriteString(conn, text)
		}
	}
	modern := Hello{ServerName: "dicom.bhs.orthweb.com", Versions: []uint16{tls.VersionTLS13, tls.VersionTLS12}, CipherSuites: []uint16{0x1301, 0xC02B}}
	only12 := Hello{Versions: []uint16{tls.VersionTLS12}, CipherSuites: []uint16{0xC02C, 0xC02B}}
	var named string
	for _, c := range []struct {
		about  string
		hello  Hello
		before string
		serve  func(net.Conn)
		want   Reply
	}{
		{about: "TLS 1.3", hello: modern, serve: serve(func(c *tls.Config) {
			c.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) { named = h.ServerName; return nil, nil }
		}), want: Reply{Kind: Accepted, Version: tls.VersionTLS13, CipherSuite: 0x1301}},
		{about: "TLS 1.2", hello: modern, serve: serve(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }), want: Reply{Kind: Accepted, Version: tls.VersionTLS12, CipherSuite: 0xC02B}},
		{about: "TLS 1.3 with P-256", hello: Hello{Versions: modern.Versions, CipherSuites: modern.CipherSuites, Groups: []uint16{23, 24}}, serve: serve(func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.CurveP256} }),
			want: Reply{Kind: Accepted, Version: tls.VersionTLS13, CipherSuite: 0x1301}},
		{about: "no common group", hello: Hello{Versions: modern.Versions, CipherSuites: modern.CipherSuites, Groups: []uint16{23, 24}}, serve: serve(func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519} }),
			want: Reply{Kind: Alerted, Alert: 40}},
		{about: "TLS 1.2 alone", hello: only12, serve: serve(func(*tls.Config) {}), want: Reply{Kind: Accepted, Version: tls.VersionTLS12, CipherSuite: 0xC02B}},
		{about: "TLS 1.0", hello: Hello{Versions: []uint16{tls.VersionTLS10}, CipherSuites: []uint16{0xC009}}, serve: serve(func(c *tls.Config) { c.MinVersion = tls.VersionTLS10 }),
			want: Reply{Kind: Accepted, Version: tls.VersionTLS10, CipherSuite: 0xC009}},
		{about: "no common version", hello: only12, serve: serve(func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }), want: Reply{Kind: Alerted, Alert: 70}},
		{about: "no common suite", hello: Hello{Versions: []uint16{tls.VersionTLS12}, CipherSuites: []uint16{0x009E}}, serve: serve(func(*tls.Config) {}), want: Reply{Kind: Alerted, Alert: 40}},
		{about: "a warning of an unknown name first", hello: only12, serve: func(conn net.Conn) {
			_, _ = io.WriteString(conn, "\x15\x03\x03\x00\x02\x01\x70")
			serve(func(*tls.Config) {})(conn)
		}, want: Reply{Kind: Accepted, Version: tls.VersionTLS12, CipherSuite: 0xC02B}},
		{about: "an unknown name is fatal", hello: only12, serve: say("\x15\x03\x03\x00\x02\x02\x70"), want: Reply{Kind: Alerted, Alert: 112}},
		{about: "closed", hello: modern, serve: func(conn net.Conn) { _, _ = conn.Read(make([]byte, 4096)) }, want: Reply{Kind: Closed}},
		{about: "silence", hello: modern, serve: func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }, want: Reply{Kind: Silent}},
		{about: "HTTP", hello: modern, serve: say("HTTP/1.1 400 Bad Request\r\n"), want: Reply{Kind: NotTLS, Start: []byte("HTTP/1.1 400 Bad Request\r\n")}},
		{about: "an A-ABORT", hello: modern, serve: say("\x07\x00\x00\x00\x00\x04\x00\x00\x02\x00"), want: Reply{Kind: NotTLS, Start: []byte("\x07\x00\x00\x00\x00\x04\x00\x00\x02\x00")}},
		{about: "a few bytes", hello: modern, serve: say("no"), want: Reply{Kind: NotTLS, Start: []byte("no")}},
		{about: "a record of no ServerHello", hello: modern, serve: say("\x16\x03\x03\x00\x01\x00"), want: Reply{Kind: NotTLS, Start: []byte{0}}},
		{about: "an alert that ends early", hello: modern, serve: say("\x15\x03\x03\x00\x02\x02"), want: Reply{Kind: NotTLS, Start: []byte{2}}},
		{about: "after a header", hello: modern, before: "PROXY UNKNOWN\r\n", serve: func(conn net.Conn) {
			header := make([]byte, len("PROXY UNKNOWN\r\n"))
			if _, _ = io.ReadFull(conn, header); string(header) == "PROXY UNKNOWN\r\n" {
				serve(func(*tls.Config) {})(conn)
			}
		}, want: Reply{Kind: Accepted, Version: tls.VersionTLS13, CipherSuite: 0x1301}},
	} {
		t.Run(c.about, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			conn, err := net.Dial("tcp", listen(t, c.serve))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			got, err := SendHello(ctx, conn, c.hello, []byte(c.before)...)
			if err != nil || got.Kind != c.want.Kind || got.Version != c.want.Version || got.CipherSuite != c.want.CipherSuite || got.Alert != c.want.Alert || !bytes.Equal(got.Start, c.want.Start) {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
	if named != modern.ServerName {
		t.Errorf("the name asked for is %q", named)
	}
}

// TestSendHelloEndsWithContext checks that SendHello stops waiting for a silent server when the
// context ends.
func TestSendHelloEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	conn, err := net.Dial("tcp", listen(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1))
		cancel()
		_, _ = io.Copy(io.Discard, conn)
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if got, err := SendHello(ctx, conn, Hello{Versions: []uint16{tls.VersionTLS12}}); err != nil || got.Kind != Silent {
		t.Errorf("%+v, %v", got, err)
	}
}

// FuzzReadReply reads arbitrary replies of a server.
func FuzzReadReply(f *testing.F) {
	f.Add([]byte("\x16\x03\x03\x00\x04\x02\x00\x00\x00"))
	f.Add([]byte("\x15\x03\x01\x00\x02\x02\x28"))
	f.Add([]byte("HTTP/1.1 400"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		got, err := readReply(bytes.NewReader(sent))
		if err != nil || len(got.Start) > maxStart || len(sent) == 0 && got.Kind != Closed {
			t.Errorf("%+v of %d bytes", got, len(sent))
		}
	})
}

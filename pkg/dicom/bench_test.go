package dicom

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"io"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// tlsPair is a connection over TLS on loopback, after the handshake.
func tlsPair(t testing.TB) (ours, theirs *tls.Conn) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"peer"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	client, server := loopback(t)
	theirs = tls.Server(server, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	ours = tls.Client(client, &tls.Config{RootCAs: pool, ServerName: "peer", DynamicRecordSizingDisabled: true})
	shaken := make(chan error, 1)
	go func() { shaken <- theirs.Handshake() }()
	if err := ours.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}

// counted counts the bytes that are written below TLS.
type counted struct {
	net.Conn
	writes int
}

func (c *counted) Write(b []byte) (int, error) {
	c.writes++
	return c.Conn.Write(b)
}

func benchmarkStore(b *testing.B, size int64) {
	ours, theirs := tlsPair(b)
	go scpLoop(theirs)
	a, err := Associate(context.Background(), ours, someOptions())
	if err != nil {
		b.Fatal(err)
	}
	small := bytes.NewReader(make([]byte, min(size, 8<<10)))
	b.SetBytes(size)
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		var data io.Reader = small
		if _, err := small.Seek(0, io.SeekStart); err != nil {
			b.Fatal(err)
		}
		if size > small.Size() {
			data = io.LimitReader(zeros{}, size)
		}
		if _, err := a.Store(context.Background(), someInstance, data); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	if err := a.Release(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// scpLoop is a storage SCP that does as little work as possible for each message: it only
// detects the last fragment of a data set.
func scpLoop(conn net.Conn) {
	defer conn.Close()
	buf := make([]byte, maxSent+pduHead)
	in := bufio.NewReaderSize(conn, 64<<10)
	_, body, err := readRaw(in, buf)
	if err != nil {
		return
	}
	_, _ = conn.Write(acceptance(nil, body, 0))
	var answer []byte
	for {
		kind, body, err := readRaw(in, buf)
		switch {
		case err != nil:
			return
		case kind == pduReleaseRQ:
			_, _ = conn.Write(endPDU(pduReleaseRP, 0, 0))
			return
		case body[5]&controlCommand != 0:
			answer = reply(body[4], body[6:], 0, 4096)
		case body[5]&controlLast != 0:
			_, _ = conn.Write(answer)
		}
	}
}

func readRaw(r io.Reader, buf []byte) (kind byte, body []byte, err error) {
	if _, err := io.ReadFull(r, buf[:pduHead]); err != nil {
		return 0, nil, err
	}
	kind, body = buf[0], buf[pduHead:pduHead+binary.BigEndian.Uint32(buf[2:])]
	_, err = io.ReadFull(r, body)
	return kind, body, err
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func BenchmarkStore8KiB(b *testing.B) { benchmarkStore(b, 8<<10) }

func BenchmarkStore64MiB(b *testing.B) { benchmarkStore(b, 64<<20) }

// BenchmarkRoundTrip is the lower bound of BenchmarkStore8KiB: it sends as many bytes, and
// receives a short answer, over the same TLS.
func BenchmarkRoundTrip(b *testing.B) {
	ours, theirs := tlsPair(b)
	const there, back = 8<<10 + 124, 112
	go func() {
		buf := make([]byte, there)
		for {
			if _, err := io.ReadFull(theirs, buf); err != nil {
				return
			}
			if _, err := theirs.Write(buf[:back]); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, there)
	for b.Loop() {
		if _, err := ours.Write(buf); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(ours, buf[:back]); err != nil {
			b.Fatal(err)
		}
	}
	_ = ours.Close()
}

func BenchmarkAssociate(b *testing.B) {
	for b.Loop() {
		ours, theirs := tlsPair(b)
		go scpLoop(theirs)
		a, err := Associate(context.Background(), ours, someOptions())
		if err != nil {
			b.Fatal(err)
		}
		if err := a.Release(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	file := part10.NewTestStudy([32]byte{1}, time.Unix(0, 0), 1)[0].File
	b.ReportAllocs()
	for b.Loop() {
		if _, err := part10.Scan(bytes.NewReader(file)); err != nil {
			b.Fatal(err)
		}
	}
}

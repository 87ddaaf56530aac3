package probe

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// Hello is a ClientHello (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2) of another kind
// of client. It determines how a server would answer such a client, and can't be used to
// communicate with it.
type Hello struct {
	// ServerName is sent as SNI; empty sends none.
	ServerName string
	// Versions are those that the client speaks, the highest first: 0x0303 is TLS 1.2.
	Versions []uint16
	// CipherSuites are those that it offers, in its order.
	CipherSuites []uint16
	// Groups are those of key exchange that it offers, in its order; nil for those of
	// OpenSSL 1.1.1, X25519 first (IANA, TLS Supported Groups).
	Groups []uint16
}

// Kind is the kind of a server's answer to a ClientHello.
type Kind int

// The kinds.
const (
	// Silent: no answer arrived in time.
	Silent Kind = iota
	// Closed: the connection ended before any byte.
	Closed
	// NotTLS: the server sent something other than TLS.
	NotTLS
	// Alerted: the server refused, with an alert.
	Alerted
	// Accepted: the server chose a version and a cipher suite.
	Accepted
)

// Reply is the answer to a ClientHello.
type Reply struct {
	Kind
	// Version and CipherSuite are the server's choice, when Accepted.
	Version, CipherSuite uint16
	// Alert is its number (RFC 8446 section 6), when Alerted.
	Alert uint8
	// Start is the beginning of the answer, when NotTLS: at most maxStart bytes.
	Start []byte
}

const (
	recordHandshake, recordAlert = 22, 21
	levelWarning                 = 1
	unrecognizedName             = 112
	maxStart                     = 64
	// maxRecord is the largest record, with what encryption may add (RFC 5246 section
	// 6.2.3).
	maxRecord = 1<<14 + 2048
)

// SendHello sends the hello over a connection, which can't be used afterwards, and reads
// the answer. before is sent first. The error is one of sending; ctx limits all of it.
func SendHello(ctx context.Context, conn net.Conn, hello Hello, before ...byte) (Reply, error) {
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	first, err := hello.record()
	if err != nil {
		return Reply{}, fmt.Errorf("writing a ClientHello: %w", err)
	}
	if _, err := conn.Write(append(before, first...)); err != nil {
		return Reply{}, fmt.Errorf("sending a ClientHello to %s: %w", conn.RemoteAddr(), err)
	}
	reply, err := readReply(conn)
	if err != nil {
		return Reply{}, fmt.Errorf("reading the response of %s: %w", conn.RemoteAddr(), err)
	}
	return reply, nil
}

// readReply reads the first record, or the first bytes of something else. An error is not the
// server's, but for example that of a tunnel.
func readReply(r io.Reader) (Reply, error) {
	var head [5]byte
	n, err := io.ReadFull(r, head[:1])
	switch {
	case n == 0 && isTimeout(err):
		return Reply{}, nil
	case n == 0 && Ended(err):
		return Reply{Kind: Closed}, nil
	case n == 0:
		return Reply{}, err
	}
	more, err := io.ReadFull(r, head[1:])
	n += more
	length := int(head[3])<<8 | int(head[4])
	if err != nil || head[1] != 3 || head[0] != recordHandshake && head[0] != recordAlert || length > maxRecord {
		start := append([]byte(nil), head[:n]...)
		if err == nil {
			rest := make([]byte, maxStart-n)
			got, _ := r.Read(rest) // a part is sufficient
			start = append(start, rest[:got]...)
		}
		return Reply{Kind: NotTLS, Start: start}, nil
	}
	body := make([]byte, length)
	got, _ := io.ReadFull(r, body)
	if head[0] == recordAlert && got == 2 && body[0] == levelWarning && body[1] == unrecognizedName {
		return readReply(r) // the server continues with another name's certificate (RFC 6066 section 3)
	}
	return parseReply(head[0], body[:got]), nil
}

// Ended reports whether an error means that the server closed or reset the connection.
func Ended(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// parseReply reads the content of a record. It is pure.
func parseReply(kind byte, body []byte) Reply {
	none := Reply{Kind: NotTLS, Start: body[:min(len(body), maxStart)]}
	if kind == recordAlert {
		if len(body) < 2 {
			return none
		}
		return Reply{Kind: Alerted, Alert: body[1]}
	}
	s := cryptobyte.String(body)
	var typ, compression uint8
	var random, session []byte
	var hello, id, extensions cryptobyte.String
	reply := Reply{Kind: Accepted}
	if !s.ReadUint8(&typ) || typ != 2 || !s.ReadUint24LengthPrefixed(&hello) || !hello.ReadUint16(&reply.Version) || !hello.ReadBytes(&random, 32) ||
		!hello.ReadUint8LengthPrefixed(&id) || !id.ReadBytes(&session, len(id)) || !hello.ReadUint16(&reply.CipherSuite) || !hello.ReadUint8(&compression) {
		return none
	}
	if hello.Empty() || !hello.ReadUint16LengthPrefixed(&extensions) {
		return reply
	}
	for !extensions.Empty() {
		var number uint16
		var value cryptobyte.String
		if !extensions.ReadUint16(&number) || !extensions.ReadUint16LengthPrefixed(&value) {
			return reply
		}
		if number == extSupportedVersions {
			value.ReadUint16(&reply.Version)
		}
	}
	return reply
}

// The extensions that a hello has (IANA, TLS ExtensionType Values).
const (
	extServerName, extGroups, extPointFormats, extSignatures      = 0, 10, 11, 13
	extMasterSecret, extSupportedVersions, extPSKModes, extShares = 23, 43, 45, 51
)

const groupX25519, groupP256 = 29, 23

const versionTLS13 = 0x0304

// The groups and signatures are those that OpenSSL 1.1.1 offers, finite fields apart.
var (
	groups     = []uint16{groupX25519, groupP256, 24, 25}
	signatures = []uint16{0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0401, 0x0501, 0x0601, 0x0303, 0x0301, 0x0203, 0x0201}
)

// record is the TLS record with the hello.
func (h Hello) record() ([]byte, error) {
	random := make([]byte, 32+32+32)
	_, _ = rand.Read(random) // it never fails
	if h.Groups == nil {
		h.Groups = groups
	}
	share := random[64:] // X25519: any 32 bytes are a public key
	if h.Groups[0] == groupP256 {
		key, err := ecdh.P256().GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		share = key.PublicKey().Bytes()
	}
	highest := uint16(0)
	for _, v := range h.Versions {
		highest = max(highest, v)
	}
	b := cryptobyte.NewBuilder(nil)
	b.AddUint8(recordHandshake)
	b.AddUint16(0x0301)
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint8(1) // ClientHello
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddUint16(min(highest, 0x0303))
			b.AddBytes(random[:32])
			b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(random[32:64]) })
			addList(b, append(append([]uint16(nil), h.CipherSuites...), 0x00FF)) // RFC 5746: no renegotiation
			b.AddUint8(1)
			b.AddUint8(0) // no compression
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { h.extend(b, highest, share) })
		})
	})
	return b.Bytes()
}

// extend adds the extensions.
func (h Hello) extend(b *cryptobyte.Builder, highest uint16, share []byte) {
	extension := func(number uint16, value func(*cryptobyte.Builder)) {
		b.AddUint16(number)
		b.AddUint16LengthPrefixed(value)
	}
	if h.ServerName != "" {
		extension(extServerName, func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				b.AddUint8(0) // host_name
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(h.ServerName)) })
			})
		})
	}
	extension(extPointFormats, func(b *cryptobyte.Builder) { b.AddBytes([]byte{1, 0}) })
	extension(extGroups, func(b *cryptobyte.Builder) { addList(b, h.Groups) })
	extension(extMasterSecret, func(*cryptobyte.Builder) {})
	if highest >= 0x0303 {
		extension(extSignatures, func(b *cryptobyte.Builder) { addList(b, signatures) })
	}
	if highest < versionTLS13 {
		return
	}
	extension(extSupportedVersions, func(b *cryptobyte.Builder) {
		b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, v := range h.Versions {
				b.AddUint16(v)
			}
		})
	})
	extension(extPSKModes, func(b *cryptobyte.Builder) { b.AddBytes([]byte{1, 1}) })
	extension(extShares, func(b *cryptobyte.Builder) {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddUint16(h.Groups[0])
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(share) })
		})
	})
}

func addList(b *cryptobyte.Builder, list []uint16) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, v := range list {
			b.AddUint16(v)
		}
	})
}

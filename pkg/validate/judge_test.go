package validate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
)

// judged compares a check with its expected result. A failed check must have what was expected
// and what to do.
func judged(t *testing.T, about string, got check.Check, outcome check.Outcome, code finding.Code, found string) {
	t.Helper()
	if got.Outcome != outcome || got.Code != code || !strings.Contains(got.Found, found) {
		t.Errorf("%s: %+v", about, got)
	}
	bad := outcome == check.Fail || outcome == check.Warn
	if bad != (got.Expected != "") || bad != (got.Fix.Text != "") {
		t.Errorf("%s: expected %q, fix %q", about, got.Expected, got.Fix.Text)
	}
	if got.Name != "" || strings.HasSuffix(got.Found, ".") || strings.HasSuffix(got.Fix.Text, ".") {
		t.Errorf("%s: %q, %q", about, got.Found, got.Fix.Text)
	}
}

func addresses(texts ...string) (out []netip.Addr) {
	for _, text := range texts {
		out = append(out, netip.MustParseAddr(text))
	}
	return out
}

func TestJudgeName(t *testing.T) {
	const host = "web.bhs.orthweb.com"
	for _, c := range []struct {
		about      string
		found, has []netip.Addr
		err        error
		needed     bool
		outcome    check.Outcome
		code       finding.Code
		says       string
	}{
		{about: "the same", found: addresses("192.0.2.7"), has: addresses("192.0.2.7"), needed: true, outcome: check.Pass, says: host + " resolves to 192.0.2.7"},
		{about: "some of them", found: addresses("192.0.2.7"), has: addresses("192.0.2.7", "192.0.2.8"), outcome: check.Pass, says: "resolves to 192.0.2.7"},
		{about: "mapped into IPv6", found: addresses("::ffff:192.0.2.7"), has: addresses("192.0.2.7"), outcome: check.Pass, says: "resolves to 192.0.2.7"},
		{about: "in order", found: addresses("2001:db8::7", "192.0.2.7"), has: addresses("192.0.2.7", "2001:db8::7"), outcome: check.Pass, says: "resolves to 192.0.2.7, 2001:db8::7"},
		{about: "elsewhere", found: addresses("192.0.2.9"), has: addresses("192.0.2.7"), outcome: check.Warn, code: check.CodeNameDiffers, says: "resolves to 192.0.2.9 on this machine"},
		{about: "elsewhere, and needed", found: addresses("192.0.2.9"), has: addresses("192.0.2.7"), needed: true, outcome: check.Fail, code: check.CodeNameDiffers, says: "resolves to"},
		{about: "one of two elsewhere", found: addresses("192.0.2.7", "192.0.2.9"), has: addresses("192.0.2.7"), outcome: check.Warn, code: check.CodeNameDiffers, says: "192.0.2.7, 192.0.2.9"},
		{about: "unknown", err: errors.New("no such host"), has: addresses("192.0.2.7"), outcome: check.Warn, code: check.CodeNameUnknown, says: "cannot resolve " + host},
		{about: "unknown, and needed", err: errors.New("no such host"), has: addresses("192.0.2.7"), needed: true, outcome: check.Fail, code: check.CodeNameUnknown, says: "cannot resolve"},
		{about: "the ingress's is not known", found: addresses("192.0.2.7"), needed: true, outcome: check.Pass, says: "it is not known whether that is the ingress"},
	} {
		judged(t, c.about, endpoint.JudgeName(host, c.found, c.err, c.has, c.needed), c.outcome, c.code, c.says)
	}
}

func TestJudgeTCP(t *testing.T) {
	at := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 443}, Err: err}
	}
	system := func(number syscall.Errno) error { return at(os.NewSyscallError("connect", number)) }
	for _, c := range []struct {
		about string
		err   error
		code  finding.Code
		says  string
	}{
		{about: "refused", err: system(syscall.ECONNREFUSED), code: check.CodeRefused, says: "nothing listens on 192.0.2.7:443"},
		{about: "the kernel's time is up", err: system(syscall.ETIMEDOUT), code: check.CodeNoAnswer, says: "no response from 192.0.2.7:443"},
		{about: "the dialler's", err: at(os.ErrDeadlineExceeded), code: check.CodeNoAnswer, says: "192.0.2.7:443"},
		{about: "the check's", err: fmt.Errorf("connecting: %w", context.DeadlineExceeded), code: check.CodeNoAnswer, says: "web.bhs.orthweb.com:443"},
		{about: "no network", err: system(syscall.ENETUNREACH), code: check.CodeNoRoute, says: "no route from this machine to 192.0.2.7:443"},
		{about: "no host", err: system(syscall.EHOSTUNREACH), code: check.CodeNoRoute, says: "192.0.2.7:443"},
		{about: "not known", err: errors.New("too many open files"), code: check.CodeNoConnection, says: "connection failed: too many open files"},
	} {
		judged(t, c.about, endpoint.JudgeTCP(check.Endpoint{Host: "web.bhs.orthweb.com", Port: 443}, c.err, "bhs"), check.Fail, c.code, c.says)
	}
}

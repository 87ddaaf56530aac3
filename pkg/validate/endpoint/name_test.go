package endpoint

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/checktest"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

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
		message    string
	}{
		{about: "the same", found: addresses("192.0.2.7"), has: addresses("192.0.2.7"), needed: true, outcome: check.Pass, message: host + " resolves to 192.0.2.7"},
		{about: "some of them", found: addresses("192.0.2.7"), has: addresses("192.0.2.7", "192.0.2.8"), outcome: check.Pass, message: "resolves to 192.0.2.7"},
		{about: "mapped into IPv6", found: addresses("::ffff:192.0.2.7"), has: addresses("192.0.2.7"), outcome: check.Pass, message: "resolves to 192.0.2.7"},
		{about: "in order", found: addresses("2001:db8::7", "192.0.2.7"), has: addresses("192.0.2.7", "2001:db8::7"), outcome: check.Pass, message: "resolves to 192.0.2.7, 2001:db8::7"},
		{about: "elsewhere", found: addresses("192.0.2.9"), has: addresses("192.0.2.7"), outcome: check.Warn, code: check.CodeNameDiffers, message: "resolves to 192.0.2.9 on this machine"},
		{about: "elsewhere, and needed", found: addresses("192.0.2.9"), has: addresses("192.0.2.7"), needed: true, outcome: check.Fail, code: check.CodeNameDiffers, message: "resolves to"},
		{about: "one of two elsewhere", found: addresses("192.0.2.7", "192.0.2.9"), has: addresses("192.0.2.7"), outcome: check.Warn, code: check.CodeNameDiffers, message: "192.0.2.7, 192.0.2.9"},
		{about: "unknown", err: errors.New("no such host"), has: addresses("192.0.2.7"), outcome: check.Warn, code: check.CodeNameUnknown, message: "cannot resolve " + host},
		{about: "unknown, and needed", err: errors.New("no such host"), has: addresses("192.0.2.7"), needed: true, outcome: check.Fail, code: check.CodeNameUnknown, message: "cannot resolve"},
		{about: "the ingress's is not known", found: addresses("192.0.2.7"), needed: true, outcome: check.Pass, message: "it is not known whether that is the ingress"},
	} {
		checktest.Expect(t, c.about, JudgeName(host, c.found, c.err, c.has, c.needed), c.outcome, c.code, c.message)
	}
}

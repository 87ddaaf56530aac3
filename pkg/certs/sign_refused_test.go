package certs

import (
	"crypto/x509"
	"errors"
	"net"
	"testing"
	"time"
)

func TestSignRefuses(t *testing.T) {
	root := newCA(t, "root", nil, nil)
	request := requestOf(t, "CN=x", namesOf(t, "a.org", "192.0.2.7", "", ""), ecKey(t))
	alone := func(spoil func(*x509.Certificate)) *CA { return newCA(t, "ca", nil, spoil).authority(t) }
	old := newCA(t, "old root", nil, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Second) })
	for _, test := range []struct {
		about     string
		authority *CA
		request   *x509.CertificateRequest
		duration  time.Duration
		message   string
	}{
		{"all well", root.authority(t), request, year, ""},
		{"an expired CA", alone(func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Second) }), request, day, "the CA CN=ca expired at 2026-05-04T12:30:14Z; renew it"},
		{"an expired root", newCA(t, "middle", old, nil).authority(t, old), request, day, "the CA CN=old root expired"},
		{"a CA of tomorrow", alone(func(c *x509.Certificate) { c.NotBefore = now.Add(day) }), request, day, "the CA CN=ca is valid only from"},
		{"a duration of nothing", root.authority(t), request, 0, "less than a second"},
		{"a negative duration", root.authority(t), request, -day, "less than a second"},
		{"names beyond the CA's limits", alone(func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"b.org"} }), request, day, "may not sign this certificate"},
		{"names within the CA's limits", alone(func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"a.org"} }), request, day, ""},
		{"an address beyond them", alone(func(c *x509.Certificate) {
			c.ExcludedIPRanges = []*net.IPNet{{IP: net.IP{192, 0, 2, 0}, Mask: net.CIDRMask(24, 32)}}
		}), request, day, "may not sign this certificate"},
		{"a CA for servers", alone(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), request, day, "may not sign this certificate"},
		{"a request that nobody checked", root.authority(t), &x509.CertificateRequest{PublicKey: ecKey(t).Public(), SignatureAlgorithm: x509.ECDSAWithSHA256}, day, "its signature was not made with its own key"},
	} {
		t.Run(test.about, func(t *testing.T) {
			_, err := test.authority.Sign(test.request, now, test.duration)
			mustFail(t, err, test.message)
		})
	}
}

func TestSignOutlives(t *testing.T) {
	until := now.Add(30 * day).Truncate(time.Second)
	root := newCA(t, "root", nil, func(c *x509.Certificate) { c.NotAfter = until })
	middle := newCA(t, "middle", root, nil)
	request := requestOf(t, "CN=x", Names{}, ecKey(t))
	authority := middle.authority(t, root)
	if _, err := authority.Sign(request, now, until.Sub(now)); err != nil {
		t.Errorf("exactly as long as the root: %v", err)
	}
	_, err := authority.Sign(request, now, 31*day)
	var outlives *OutlivesError
	if !errors.As(err, &outlives) {
		t.Fatalf("the error is %v, want an OutlivesError", err)
	}
	want := OutlivesError{CA: "CN=root", Until: until, Requested: now.Add(31 * day).Truncate(time.Second)}
	if *outlives != want {
		t.Errorf("it tells %+v, want %+v", *outlives, want)
	}
}

func TestSignStartsNoEarlierThanItsCA(t *testing.T) {
	born := now.Add(-time.Minute).Truncate(time.Second)
	ca := newCA(t, "young", nil, func(c *x509.Certificate) { c.NotBefore = born })
	chain, err := ca.authority(t).Sign(requestOf(t, "CN=x", Names{}, ecKey(t)), now, day)
	if err != nil || !chain[0].NotBefore.Equal(born) {
		t.Errorf("it is valid from %s (%v), want %s", chain[0].NotBefore, err, born)
	}
}

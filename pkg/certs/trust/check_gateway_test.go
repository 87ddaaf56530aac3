package trust

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

func TestCheckGateway(t *testing.T) {
	c, q := newQuestion(t)
	ours, others := chainOf(c.ca["bhs"]), chainOf(c.ca["mhr"])
	digest, key := sha256.Sum256(q.Chain[0].Raw), sha256.Sum256(q.Chain[0].RawSubjectPublicKeyInfo)
	requirement, silent := map[int64]bool{443: true}, map[int64]bool{443: false}
	for _, test := range []struct {
		about       string
		server      Server
		requested   map[int64]bool
		want        Outcome
		detail, fix string
	}{
		{"SIMPLE", Server{Mode: Simple}, nil, Warn, "never requests this certificate", "Set tls.mode: MUTUAL"},
		{"SIMPLE, seen", Server{Mode: Simple}, silent, Warn, "never requests this certificate", "Set tls.mode: MUTUAL"},
		{"SIMPLE, but asks", Server{Mode: Simple}, requirement, Unknown, "although it is configured not to", ""},
		{"MUTUAL", Server{Mode: Mutual, CA: ours}, nil, Pass, "trusts this one", ""},
		{"MUTUAL, seen", Server{Mode: Mutual, CA: ours}, requirement, Pass, "trusts this one", ""},
		{"OPTIONAL_MUTUAL", Server{Mode: OptionalMutual, CA: ours}, nil, Pass, "OPTIONAL_MUTUAL", ""},
		{"MUTUAL, but does not ask", Server{Mode: Mutual, CA: ours}, silent, Warn, "does not request one", "whether another Gateway has the port"},
		{"MUTUAL with another CA", Server{Mode: Mutual, CA: others}, nil, Fail, "it was signed by a CA with the name of the trusted CA, CN=int-ca, but with another key; the CAs that it trusts are in ", "a CA that the gateway trusts"},
		{"MUTUAL without a CA", Server{Mode: Mutual}, nil, Fail, "no CA to check it against", "writes ca.crt"},
		{"MUTUAL, CA not readable", Server{Mode: Mutual, CAUnread: "you may not"}, nil, Unknown, "not known: you may not", ""},
		{"MUTUAL that lets in all", Server{Mode: Mutual, CA: ours, Allowed: Allowed{SkipVerify: true}}, nil, Warn, "accepts every certificate", "insecureSkipVerify"},
		{"MUTUAL for other names", Server{Mode: Mutual, CA: ours, Allowed: Allowed{Names: []string{"ct2"}}}, nil, Fail, "not on its list", "Add the certificate"},
		{"MUTUAL for this digest", Server{Mode: Mutual, CA: ours, Allowed: Allowed{Hashes: []string{hexPairs(digest[:])}}}, nil, Pass, "", ""},
		{"MUTUAL for this key", Server{Mode: Mutual, CA: ours, Allowed: Allowed{Hashes: []string{"00"}, SPKIs: []string{base64.StdEncoding.EncodeToString(key[:])}}}, nil, Pass, "", ""},
		{"MUTUAL for other digests", Server{Mode: Mutual, CA: ours, Allowed: Allowed{Hashes: []string{"00"}}}, nil, Fail, "not on its list", "Add the certificate"},
		{"ISTIO_MUTUAL", Server{Mode: IstioMutual}, nil, Fail, "issues to pods", "MUTUAL"},
		{"PASSTHROUGH", Server{Mode: Passthrough}, nil, Unknown, "the server behind it decides", ""},
		{"PASSTHROUGH, asks", Server{Mode: AutoPassthrough}, requirement, Unknown, "that server requests a certificate", ""},
		{"PASSTHROUGH, does not ask", Server{Mode: Passthrough}, silent, Warn, "does not request a certificate", ""},
		{"no TLS", Server{Mode: Plain}, nil, Warn, "does not use TLS", ""},
		{"a mode of tomorrow", Server{Mode: "QUANTUM"}, nil, Unknown, "QUANTUM", ""},
	} {
		test.server.Port, test.server.Gateway.Name = 443, "web-gw"
		q.Servers, q.Requested = []Server{test.server}, test.requested
		r := resultOf(t, Check(q), "web-gw:443")
		if r.Outcome != test.want || !strings.Contains(r.Detail, test.detail) || !strings.Contains(r.Fix.Text, test.fix) || (test.fix == "") != (r.Fix.Text == "") {
			t.Errorf("%s: %+v", test.about, r)
		}
	}
}

// TestMutualFix checks that the fix names the object and the field to change.
func TestMutualFix(t *testing.T) {
	_, q := newQuestion(t)
	fix := resultOf(t, Check(q), "web-gw:443").Fix
	if fix.File != "gitops/application/bhs/kustomization.yaml: spec.servers[https].tls.mode: MUTUAL" ||
		!strings.Contains(fix.Text, "ca.crt of Secret bhs-orthweb/orthweb-secret") || !strings.Contains(fix.Text, "in Gateway bhs-orthweb/web-gw") {
		t.Errorf("got %+v", fix)
	}
}

func TestCheckGateways(t *testing.T) {
	_, q := newQuestion(t)
	q.Servers = nil
	if r := resultOf(t, Check(q), "gateways"); r.Outcome != Unknown || !strings.Contains(r.Detail, "no Gateway that could request it") {
		t.Errorf("without any: %+v", r)
	}
	q.Unknown = []snapshot.Failure{{Reason: snapshot.Forbidden, Verb: "list", Resource: "gateways.networking.istio.io"}}
	results := Check(q)
	if r := resultOf(t, results, "gateways"); r.Outcome != Unknown || !strings.Contains(r.Detail, "forbidden: cannot list gateways") {
		t.Errorf("not readable: %+v", r)
	}
	if r := resultOf(t, results, "CA"); r.Outcome != Pass {
		t.Errorf("Gateways that can't be read say nothing about the CA: %+v", r)
	}
}

// Package samples contains models that the tests of all output formats print, and compares the
// output with golden files.
package samples

import (
	"crypto/x509"
	"embed"
	"encoding/pem"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	cluster "github.com/digihunch/kubectl-orthweb/pkg/check"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

//go:embed testdata/*.pem
var certificates embed.FS

// Chain reads a file of testdata: certificates generated once, so that their digests do not
// change.
func Chain(t *testing.T, name string) []*x509.Certificate {
	t.Helper()
	content, err := certificates.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var chain []*x509.Certificate
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, c)
	}
	return chain
}

// Entries are a tenant's certificates, one for each kind of problem.
func Entries(t *testing.T) []trust.Entry {
	ref := func(kind, name string) object.Ref {
		return object.Ref{APIVersion: "cert-manager.io/v1", Kind: kind, Namespace: "bhs-orthweb", Name: name}
	}
	chain := Chain(t, "client.pem")
	forbidden := snapshot.Failure{Reason: snapshot.Forbidden, Verb: "list", Resource: "secrets", Namespace: "bhs-orthweb"}
	days := func(n int) time.Time { return At.Add(time.Duration(n) * 24 * time.Hour) }
	at := func(port int64) trust.Endpoint { return trust.Endpoint{Address: "2001:db8::7", Port: port} }
	return []trust.Entry{
		{Tenant: "bhs", Ref: ref("Certificate", "int-ca-cert"), Secret: ref("Secret", "int-ca-secret"), Issuer: ref("Issuer", "selfsigned-root-issuer"),
			IsCA: true, Subject: "CN=int-ca", NotBefore: days(-30), NotAfter: days(61), RenewalTime: days(-1), UsesKnown: true,
			Uses: []trust.Use{{Ref: ref("Issuer", "int-ca-issuer")}}, Stored: chain[1:], StoredFrom: ref("Secret", "int-ca-secret"),
			Verdict: health.Verdict{Status: health.Ready}},
		{Tenant: "bhs", Ref: ref("Certificate", "orthweb-cert"), Secret: ref("Secret", "orthweb-secret"), Issuer: ref("Issuer", "int-ca-issuer"), Depth: 1,
			Names: []string{"web.bhs.orthweb.com", "dicom.bhs.orthweb.com"}, NotAfter: days(90), RenewalTime: days(87), UsesKnown: true,
			Uses: []trust.Use{{Ref: ref("Gateway", "web-gw"), Port: 443, Mode: trust.Simple, Hosts: []string{"web.bhs.orthweb.com"}},
				{Ref: ref("Gateway", "dcm-gw"), Port: 11112, Mode: trust.Simple}},
			Served: []trust.Served{{Endpoint: at(443), Match: trust.Same, Certificate: chain[0]},
				{Endpoint: at(11112), Match: trust.Older, Certificate: chain[1], AsksClient: true, Of: ref("Certificate", "other"), OfTenant: "mhr", Detail: "the served certificate was issued before the stored one"}},
			Verdict: health.Verdict{Status: health.Ready}},
		{Tenant: "bhs", Ref: ref("Secret", "own"), Secret: ref("Secret", "own"), NotAfter: days(-1), Depth: 1,
			Served: []trust.Served{{Endpoint: at(443), Match: trust.Unclear, Detail: "connection\nrefused"}}, UsesKnown: true,
			Verdict: health.Verdict{Status: health.Failing, Reason: "Expired"}},
		{Tenant: "mhr", Ref: object.Ref{Kind: "Certificate", Namespace: "mhr-orthweb"}, Issuer: object.Ref{Name: "vault"},
			Verdict: health.Verdict{Status: health.Unknown, Reason: "Forbidden"}, Unknown: []snapshot.Failure{forbidden, forbidden}},
	}
}

// Results are the results of verifying a certificate, one of each outcome.
func Results() []trust.Result {
	return []trust.Result{
		{Name: "certificate", Outcome: trust.Pass, Detail: "subject CN=ct1, issuer CN=int-ca, serial 1"},
		{Name: "dates", Outcome: trust.Fail, Detail: "it expired 3h ago, at 2026-01-02 00:04 UTC", Fix: finding.Fix{Text: "Issue a new certificate", Command: "kubectl orthweb cert issue bhs"}},
		{Name: "CA", Outcome: trust.Unknown, Detail: "none of the 0 CAs that could be read signed it; forbidden: cannot list secrets in namespace \"bhs-orthweb\""},
		{Name: "web-gw:443", Outcome: trust.Warn, Detail: "the gateway never requests this certificate (tls.mode SIMPLE)",
			Fix: finding.Fix{Text: "Set tls.mode: MUTUAL", File: "gitops/application/bhs/kustomization.yaml: spec.servers[https].tls.mode: MUTUAL"}},
	}
}

// At is the time of the samples.
var At = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Explanation explains a layer that a pod blocks, for the tenants; message is the text of the
// cluster in every field that may contain one.
func Explanation(message string, tenants ...string) diagnose.Explanation {
	layer := object.Ref{APIVersion: "kustomize.toolkit.fluxcd.io/v1", Kind: "Kustomization", Namespace: "flux-system", Name: "observability"}
	pod := object.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "monitoring", Name: "prometheus-kube-prometheus-stack-prometheus-0"}
	cause := diagnose.Cause{
		Finding: finding.Finding{
			Code: "OW4106", Ref: pod, Reason: "CrashLoopBackOff", Message: "It fails: " + message,
			Severity: finding.Critical, Since: At.Add(-time.Hour),
			Evidence: []finding.Evidence{{Ref: pod, Field: "event", Value: message, At: At.Add(-time.Minute)}, {Ref: layer, Field: "message", Value: message}},
			Fixes:    []finding.Fix{{Text: "Fix it: " + message, File: message, Command: "kubectl logs prometheus-0 -n monitoring -c prometheus --previous"}},
		},
		Path:   []engine.Step{{Ref: layer, Status: health.Failing, Note: message}, {Ref: pod, Status: health.Failing, Note: message}},
		Layers: []object.Ref{layer}, Tenants: tenants, NextRetry: At.Add(time.Minute),
	}
	e := diagnose.Explanation{At: At}
	for _, name := range tenants {
		e.Subjects = append(e.Subjects, diagnose.Subject{
			Ref: pod, Tenant: name, Verdict: health.Verdict{Ref: pod, Status: health.Failing, Since: At.Add(-time.Hour), Message: message},
			Causes: []diagnose.Cause{cause}, Unknown: []snapshot.Failure{{Reason: snapshot.Failed, Verb: "list", Resource: "pods", Message: message}},
		})
	}
	return e
}

// Checks has a check of each outcome.
func Checks() []check.Check {
	return []check.Check{
		{Name: "web-name", Outcome: check.Warn, Code: "OW9102", Found: "web.bhs.orthweb.com resolves to 192.0.2.9 on this machine", Took: 1204 * time.Microsecond,
			Expected: "web.bhs.orthweb.com resolves to 192.0.2.7", Fix: finding.Fix{Text: "Put the name into your DNS, or into this machine's hosts file", Command: "kubectl orthweb hosts sync"}},
		{Name: "web-tcp", Outcome: check.Pass, Found: "connected to 192.0.2.7:443", Took: 300 * time.Microsecond},
		{Name: "web-certificate", Outcome: check.Pass, Found: "signed by the tenant's CA, for web.bhs.orthweb.com, valid for 89d",
			Details: []string{"for CN=web.bhs.orthweb.com, by CN=int-ca", "good until 2026-04-02T03:04:05Z"}},
		{Name: "web-system", Outcome: check.Skip, Found: "signing in was not tried: no password for Orthanc's web interface was given (see --password-secret)"},
		{Name: "web-default-password", Outcome: check.Fail, Code: "OW9304", Found: "https://web.bhs.orthweb.com/app/explorer.html is not Orthanc's explorer: <a> & \x1b[2J\"b\"",
			Expected: "200 OK", Took: 15 * time.Second},
		{Name: "dicom-association", Outcome: check.Fail, Code: "OW9404", Expected: "all proposed contexts are accepted", Took: 21400 * time.Microsecond,
			Found:   "not all proposed contexts are accepted: Secondary Capture Image Storage with Explicit VR Little Endian: refused, abstract-syntax-not-supported",
			Details: []string{"the peer is ORTHANC_1.12.3, and takes PDUs of up to 16384 bytes", "Verification: accepted with Implicit VR Little Endian"},
			Fix:     finding.Fix{Text: "See DicomAlwaysAllowStore in Orthanc's configuration", Command: "kubectl logs -n bhs-orthweb deploy/orthanc"}},
		{Name: "dicom-echo", Outcome: check.Skip, After: "dicom-association"},
	}
}

// ClusterChecks has a check of a cluster of each outcome.
func ClusterChecks() []cluster.Category {
	return []cluster.Category{
		{Name: "Kubernetes", Checks: []cluster.Check{
			{Name: "kubernetes-version", Outcome: cluster.Pass, Message: "v1.36.3 (Flux 2.9 requires 1.33 or later)"},
			{Name: "nodes-ready", Outcome: cluster.Warn, Message: "1 of 3 nodes not ready: node-\x1b[2J3",
				Fix: finding.Fix{Text: "Find out why the node is not ready", Command: "kubectl orthweb explain node/node-3"}},
			{Name: "default-storage-class", Outcome: cluster.Fail, Message: "the cluster has no StorageClass: the volumes of databases stay Pending",
				Fix: finding.Fix{Text: "Install a volume provisioner with a default StorageClass"}},
		}},
		{Name: "Permissions", Checks: []cluster.Check{
			{Name: "can-status", Outcome: cluster.Unknown, Message: "forbidden: cannot create selfsubjectaccessreviews.authorization.k8s.io at the cluster scope",
				Fix: finding.Fix{Text: "Check it with 'kubectl auth can-i --list'"}},
			{Name: "can-explain", Outcome: cluster.Unknown, Message: "a user's permissions are not recorded",
				Fix: finding.Fix{Text: "Run the check on the cluster, without --from"}},
			{Name: "can-reconcile", Outcome: cluster.Unknown, Message: "a user's permissions are not recorded",
				Fix: finding.Fix{Text: "Run the check on the cluster, without --from"}},
		}},
	}
}

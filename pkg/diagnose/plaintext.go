package diagnose

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// sentPlaintext reports whether the client of a connection has no Istio proxy while its
// server requires mutual TLS, and the PeerAuthentication that requires it.
func (x *examiner) sentPlaintext(c connection) (strict *unstructured.Unstructured, ok bool) {
	if _, inject := injectionSet(c.from); inject != "false" {
		return nil, false
	}
	return x.strictPeerAuthentication(c.to)
}

// plaintext reports a workload that uses the Service and whose pods have no Istio proxy,
// by their own label or annotation, while the pods of the Service require mutual TLS.
// Gateway pods are proxies themselves.
func (s service) plaintext() {
	for _, c := range s.x.connections(s.obj.GetNamespace()) {
		if c.service != s.obj || c.from == nil {
			continue
		}
		strict, ok := s.x.sentPlaintext(c)
		if !ok {
			continue
		}
		path, _ := injectionSet(c.from)
		ref := finding.RefOf(c.from)
		f := finding.Finding{
			Code: codePlaintext, Ref: ref, Reason: "PlaintextToStrict", Severity: finding.Critical,
			Message: fmt.Sprintf("%s has no Istio proxy in its pods, but %s requires mutual TLS for %s",
				ref, finding.RefOf(strict), finding.RefOf(c.to)),
		}
		prove(&f, c.from, path)
		prove(&f, strict, "spec.mtls.mode")
		in, _, _ := strings.Cut(path, "[")
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Remove %s from %s, so that Istio injects its proxy into the pods", injectLabel, in),
			Command: s.x.applyNow(c.from), File: s.x.file(c.from, path)}}
		s.exam.findings = append(s.exam.findings, f)
	}
}

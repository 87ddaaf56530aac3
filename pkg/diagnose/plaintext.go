package diagnose

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// sentPlaintext tells whether a connection's client has no proxy of Istio's, while
// the pods that it connects to accept mutual TLS alone, and which PeerAuthentication
// has them do so.
func (x *examiner) sentPlaintext(c connection) (strict *unstructured.Unstructured, ok bool) {
	if _, inject := injectionSet(c.from); inject != "false" {
		return nil, false
	}
	return x.strict(c.to)
}

// plaintext reports a workload that needs the Service and whose pods have no proxy
// of Istio's, by their own label or annotation, while the pods behind the Service
// accept mutual TLS alone. Gateway pods are proxies themselves.
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

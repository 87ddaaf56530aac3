package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// credentials examines the certificates of one server. A server for HTTPS or TLS
// that has no tls settings is skipped by Istio (1.24, pilot/pkg/model/gateway.go).
func (g gateway) credentials(server gatewayServer) {
	if protocol := server.protocol(); !server.hasTLS() && (protocol == "HTTPS" || protocol == "TLS") {
		g.withoutTLS(server)
		return
	}
	switch server.mode() {
	case "SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL":
	default:
		return // no certificate of its own is served
	}
	names := field.Texts(server.spec, "tls", "credentialNames")
	if name := field.Text(server.spec, "tls", "credentialName"); name != "" {
		names = append(names, name)
	}
	for _, name := range names {
		if !strings.Contains(name, "://") { // not from a Secret
			g.credential(server, name)
		}
	}
}

// withoutTLS reports a server that has no tls settings and needs them.
func (g gateway) withoutTLS(server gatewayServer) {
	ref := finding.RefOf(g.obj)
	f := finding.Finding{
		Code: codeCredentialBroken, Ref: ref, Reason: "TLSMissing", Severity: finding.Critical,
		Message: fmt.Sprintf("%s does not listen on %s: protocol %s requires tls settings, which are missing", ref, server, server.protocol()),
	}
	prove(&f, g.obj, server.path("port"))
	f.Fixes = []finding.Fix{{Text: "Add tls.mode and tls.credentialName to " + strings.TrimSuffix(server.path(""), "."),
		Command: g.x.applyNow(g.obj), File: g.x.file(g.obj, server.path("tls"))}}
	g.exam.findings = append(g.exam.findings, f)
}

// credential looks for one Secret in the namespaces of the Gateway's pods.
// Where these are several, pods of other people may have the same labels: only
// when it is in none of them is it missing.
func (g gateway) credential(server gatewayServer, name string) {
	namespaces := g.namespaces()
	found := exam{}
	for _, namespace := range namespaces {
		one := exam{}
		g.credentialIn(namespace, server, name, &one)
		if len(one.findings)+len(one.blame)+len(one.unknown) == 0 {
			return
		}
		if found.verdict.Ref.Kind == "" {
			found, found.verdict.Ref = one, finding.RefOf(g.obj)
		}
	}
	g.exam.findings = append(g.exam.findings, found.findings...)
	g.exam.unknown = append(g.exam.unknown, found.unknown...)
	for _, ref := range found.blame {
		g.exam.blame = addRef(g.exam.blame, ref)
	}
}

func (g gateway) credentialIn(namespace string, server gatewayServer, name string, e *exam) {
	makers := g.x.makers(namespace, name)
	for _, maker := range makers {
		if ref := finding.RefOf(maker); g.x.health.Of(ref).Status != health.Ready {
			e.blame = append(e.blame, ref)
		}
	}
	if len(e.blame) > 0 {
		return
	}
	switch answer := g.x.snap.Lookup(coreRef(secretKind.Kind, namespace, name)); answer.Presence {
	case snapshot.Unknown:
		if len(makers) == 0 { // a Certificate that is Ready has made its Secret
			e.unknown = append(e.unknown, *answer.Why)
		}
	case snapshot.Absent:
		e.findings = append(e.findings, g.missing(namespace, server, name))
	default:
		e.findings = append(e.findings, g.incomplete(server, name, answer.Object)...)
	}
}

// incomplete reports what a Secret lacks: the certificate and its key, or the
// certificates of the CA that clients' certificates are verified against.
func (g gateway) incomplete(server gatewayServer, name string, secret *unstructured.Unstructured) []finding.Finding {
	data, ref := field.Map(secret.Object, "data"), finding.RefOf(secret)
	if !holds(data, "tls.crt", "tls.key") && !holds(data, "cert", "key") {
		f := g.broken(server, name, fmt.Sprintf("%s has no tls.crt and tls.key; it has %s", ref, keysOf(secret)))
		prove(&f, secret, "type")
		return []finding.Finding{f}
	}
	if server.mode() != "MUTUAL" || holds(data, "ca.crt") || holds(data, "cacert") {
		return nil
	}
	separate := coreRef(secretKind.Kind, secret.GetNamespace(), name+"-cacert")
	if g.x.snap.Lookup(separate).Presence != snapshot.Absent {
		return nil
	}
	f := g.broken(server, name, "")
	f.Reason = "CACertificateNotFound"
	f.Message = fmt.Sprintf("%s can't verify client certificates on %s: %s has no ca.crt, and %s does not exist", f.Ref, server, ref, separate)
	prove(&f, g.obj, server.path("tls.mode"))
	f.Evidence = append(f.Evidence, absent(separate))
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Add the certificate of the clients' CA to %s as ca.crt, or create %s with it", ref, separate),
		Command: escape.Command("kubectl describe secret %s -n %s", ref.Name, ref.Namespace)}}
	return []finding.Finding{f}
}

// holds tells whether the Secret has the keys; Istio takes either pair
// (pilot/pkg/credentials/kube/secrets.go, 1.20).
func holds(data map[string]any, keys ...string) bool {
	return !slices.ContainsFunc(keys, func(key string) bool { _, has := data[key]; return !has })
}

func (g gateway) broken(server gatewayServer, name, why string) finding.Finding {
	return finding.Finding{
		Code: codeCredentialBroken, Ref: finding.RefOf(g.obj), Reason: "InvalidCredential", Severity: finding.Critical,
		Message:  fmt.Sprintf("%s serves no certificate on %s: %s", finding.RefOf(g.obj), server, why),
		Evidence: []finding.Evidence{g.named(server, name)},
		Fixes: []finding.Fix{{Text: "Check which Certificate creates the Secret; a Gateway needs a Secret with tls.crt and tls.key",
			Command: escape.Command("kubectl get secrets,certificates -n %s", g.obj.GetNamespace())}},
	}
}

// named is where the Gateway names the Secret.
func (g gateway) named(server gatewayServer, name string) finding.Evidence {
	path := server.path("tls.credentialName")
	for i, other := range field.Texts(server.spec, "tls", "credentialNames") {
		if other == name {
			path = server.path(fmt.Sprintf("tls.credentialNames[%d]", i))
		}
	}
	return evidence(g.obj, path, name, time.Time{})
}

// missing is the finding on a Secret that is not there, with the one that may be
// meant.
func (g gateway) missing(namespace string, server gatewayServer, name string) finding.Finding {
	ref := coreRef(secretKind.Kind, namespace, name)
	f := g.broken(server, name, fmt.Sprintf("%s does not exist", ref))
	f.Code, f.Reason = codeCredentialMissing, "CredentialNotFound"
	f.Evidence = append(f.Evidence, absent(ref))
	fix := finding.Fix{Text: "Set tls.credentialName to an existing Secret, or add a Certificate with secretName: " + name,
		Command: escape.Command("kubectl get secrets,certificates -n %s", namespace), File: g.x.file(g.obj, server.path("tls.credentialName"))}
	if other, ok := g.x.inOtherNamespace(ref); ok {
		f.Message += fmt.Sprintf("; a Secret of this name exists in namespace %s, but Istio reads it in the namespace of the gateway pods", other.Namespace)
		fix.Text = fmt.Sprintf("Create the Secret in namespace %s, with a Certificate in that namespace", namespace)
	} else if made, certificate := g.meant(namespace, server); made != "" {
		f.Message += fmt.Sprintf("; %s creates %s", finding.RefOf(certificate), made)
		prove(&f, certificate, "spec.secretName")
		fix.Text = fmt.Sprintf("In tls.credentialName, write %s instead of %s", made, name)
		fix.Command = g.x.applyNow(g.obj)
	}
	f.Fixes = []finding.Fix{fix}
	return f
}

// meant is the Secret of a Certificate for one of the server's hosts.
func (g gateway) meant(namespace string, server gatewayServer) (string, *unstructured.Unstructured) {
	hosts := server.hosts()
	for _, certificate := range g.x.snap.List(health.CertificateKind, namespace).Objects {
		made := field.Text(certificate.Object, "spec", "secretName")
		covers := slices.ContainsFunc(field.Texts(certificate.Object, "spec", "dnsNames"), func(name string) bool {
			return slices.ContainsFunc(hosts, func(host string) bool {
				_, host, _ = cutNamespace(host)
				return host == name || host == "*"
			})
		})
		if covers && made != "" {
			return made, certificate
		}
	}
	return "", nil
}

// cutNamespace splits "namespace/host", as Istio writes hosts and gateways.
func cutNamespace(text string) (namespace, name string, found bool) {
	namespace, name, found = strings.Cut(text, "/")
	if !found {
		return "", text, false
	}
	return namespace, name, true
}

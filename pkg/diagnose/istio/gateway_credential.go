package istio

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// credentials checks the certificates of one server. Istio ignores a server for HTTPS or
// TLS without tls settings (1.24, pilot/pkg/model/gateway.go).
func credentials(g traffic.Gateway, server traffic.GatewayServer) {
	if protocol := server.Protocol(); !server.HasTLS() && (protocol == "HTTPS" || protocol == "TLS") {
		withoutTLS(g, server)
		return
	}
	switch server.Mode() {
	case "SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL":
	default:
		return // No certificate of its own is served
	}
	names := object.Texts(server.Spec, "tls", "credentialNames")
	if name := object.Text(server.Spec, "tls", "credentialName"); name != "" {
		names = append(names, name)
	}
	for _, name := range names {
		if !strings.Contains(name, "://") { // not from a Secret
			credential(g, server, name)
		}
	}
}

// withoutTLS reports a server that needs tls settings and has none.
func withoutTLS(g traffic.Gateway, server traffic.GatewayServer) {
	ref := object.RefOf(g.Obj)
	f := finding.Finding{
		Code: engine.CodeCredentialBroken, Ref: ref, Reason: "TLSMissing", Severity: finding.Critical,
		Message: fmt.Sprintf("%s does not listen on %s: protocol %s requires tls settings, which are missing", ref, server, server.Protocol()),
	}
	engine.Prove(&f, g.Obj, server.Path("port"))
	f.Fixes = []finding.Fix{{Text: "Add tls.mode and tls.credentialName to " + strings.TrimSuffix(server.Path(""), "."),
		Command: flux.ApplyCommand(g.X, g.Obj), File: flux.File(g.X, g.Obj, server.Path("tls"))}}
	g.Result.Findings = append(g.Result.Findings, f)
}

// credential checks one Secret in the namespaces of the Gateway's pods. If there are
// several, pods of others may have the same labels: the Secret is missing only if it is
// in none of them.
func credential(g traffic.Gateway, server traffic.GatewayServer, name string) {
	namespaces := g.Namespaces()
	found := engine.Result{}
	for _, namespace := range namespaces {
		one := engine.Result{}
		credentialIn(g, namespace, server, name, &one)
		if len(one.Findings)+len(one.Blame)+len(one.Unknown) == 0 {
			return
		}
		if found.Verdict.Ref.Kind == "" {
			found, found.Verdict.Ref = one, object.RefOf(g.Obj)
		}
	}
	g.Result.Findings = append(g.Result.Findings, found.Findings...)
	g.Result.Unknown = append(g.Result.Unknown, found.Unknown...)
	for _, ref := range found.Blame {
		g.Result.Blame = engine.AddRef(g.Result.Blame, ref)
	}
}

func credentialIn(g traffic.Gateway, namespace string, server traffic.GatewayServer, name string, e *engine.Result) {
	makers := pods.CertificatesFor(g.X, namespace, name)
	for _, creator := range makers {
		if ref := object.RefOf(creator); g.X.Health.Of(ref).Status != health.Ready {
			e.Blame = append(e.Blame, ref)
		}
	}
	if len(e.Blame) > 0 {
		return
	}
	switch answer := g.X.Snap.Lookup(engine.CoreRef(object.SecretKind.Kind, namespace, name)); answer.Presence {
	case snapshot.Unknown:
		if len(makers) == 0 { // a Certificate that is Ready has created its Secret
			e.Unknown = append(e.Unknown, *answer.Why)
		}
	case snapshot.Absent:
		e.Findings = append(e.Findings, missing(g, namespace, server, name))
	default:
		e.Findings = append(e.Findings, incomplete(g, server, name, answer.Object)...)
	}
}

// incomplete reports what a Secret lacks: the certificate and its key, or the CA
// certificate for client certificates.
func incomplete(g traffic.Gateway, server traffic.GatewayServer, name string, secret *unstructured.Unstructured) []finding.Finding {
	data, ref := object.Map(secret.Object, "data"), object.RefOf(secret)
	if !holds(data, "tls.crt", "tls.key") && !holds(data, "cert", "key") {
		f := brokenServer(g, server, name, fmt.Sprintf("%s has no tls.crt and tls.key; it has %s", ref, pods.KeysOf(secret)))
		engine.Prove(&f, secret, "type")
		return []finding.Finding{f}
	}
	if server.Mode() != "MUTUAL" || holds(data, "ca.crt") || holds(data, "cacert") {
		return nil
	}
	separate := engine.CoreRef(object.SecretKind.Kind, secret.GetNamespace(), name+"-cacert")
	if g.X.Snap.Lookup(separate).Presence != snapshot.Absent {
		return nil
	}
	f := brokenServer(g, server, name, "")
	f.Reason = "CACertificateNotFound"
	f.Message = fmt.Sprintf("%s can't verify client certificates on %s: %s has no ca.crt, and %s does not exist", f.Ref, server, ref, separate)
	engine.Prove(&f, g.Obj, server.Path("tls.mode"))
	f.Evidence = append(f.Evidence, engine.Absent(separate))
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Add the certificate of the clients' CA to %s as ca.crt, or create %s with it", ref, separate),
		Command: escape.Command("kubectl describe secret %s -n %s", ref.Name, ref.Namespace)}}
	return []finding.Finding{f}
}

// holds reports whether the Secret has the keys; Istio accepts either pair
// (pilot/pkg/credentials/kube/secrets.go, 1.20).
func holds(data map[string]any, keys ...string) bool {
	return !slices.ContainsFunc(keys, func(key string) bool { _, has := data[key]; return !has })
}

func brokenServer(g traffic.Gateway, server traffic.GatewayServer, name, why string) finding.Finding {
	return finding.Finding{
		Code: engine.CodeCredentialBroken, Ref: object.RefOf(g.Obj), Reason: "InvalidCredential", Severity: finding.Critical,
		Message:  fmt.Sprintf("%s serves no certificate on %s: %s", object.RefOf(g.Obj), server, why),
		Evidence: []finding.Evidence{named(g, server, name)},
		Fixes: []finding.Fix{{Text: "Check which Certificate creates the Secret; a Gateway needs a Secret with tls.crt and tls.key",
			Command: escape.Command("kubectl get secrets,certificates -n %s", g.Obj.GetNamespace())}},
	}
}

// named quotes the Gateway's reference to the Secret.
func named(g traffic.Gateway, server traffic.GatewayServer, name string) finding.Evidence {
	path := server.Path("tls.credentialName")
	for i, other := range object.Texts(server.Spec, "tls", "credentialNames") {
		if other == name {
			path = server.Path(fmt.Sprintf("tls.credentialNames[%d]", i))
		}
	}
	return engine.Evidence(g.Obj, path, name, time.Time{})
}

// missing is the finding on a Secret that does not exist, with the one that may be meant.
func missing(g traffic.Gateway, namespace string, server traffic.GatewayServer, name string) finding.Finding {
	ref := engine.CoreRef(object.SecretKind.Kind, namespace, name)
	f := brokenServer(g, server, name, fmt.Sprintf("%s does not exist", ref))
	f.Code, f.Reason = engine.CodeCredentialMissing, "CredentialNotFound"
	f.Evidence = append(f.Evidence, engine.Absent(ref))
	fix := finding.Fix{Text: "Set tls.credentialName to an existing Secret, or add a Certificate with secretName: " + name,
		Command: escape.Command("kubectl get secrets,certificates -n %s", namespace), File: flux.File(g.X, g.Obj, server.Path("tls.credentialName"))}
	if other, ok := g.X.InOtherNamespace(ref); ok {
		f.Message += fmt.Sprintf("; a Secret of this name exists in namespace %s, but Istio reads it in the namespace of the gateway pods", other.Namespace)
		fix.Text = fmt.Sprintf("Create the Secret in namespace %s, with a Certificate in that namespace", namespace)
	} else if made, certificate := meant(g, namespace, server); made != "" {
		f.Message += fmt.Sprintf("; %s creates %s", object.RefOf(certificate), made)
		engine.Prove(&f, certificate, "spec.secretName")
		fix.Text = fmt.Sprintf("In tls.credentialName, write %s instead of %s", made, name)
		fix.Command = flux.ApplyCommand(g.X, g.Obj)
	}
	f.Fixes = []finding.Fix{fix}
	return f
}

// meant is the Secret of a Certificate for one of the server's hosts.
func meant(g traffic.Gateway, namespace string, server traffic.GatewayServer) (string, *unstructured.Unstructured) {
	hosts := server.Hosts()
	for _, certificate := range g.X.Snap.List(object.CertificateKind, namespace).Objects {
		made := object.Text(certificate.Object, "spec", "secretName")
		covers := slices.ContainsFunc(object.Texts(certificate.Object, "spec", "dnsNames"), func(name string) bool {
			return slices.ContainsFunc(hosts, func(host string) bool {
				_, host, _ = engine.CutNamespace(host)
				return host == name || host == "*"
			})
		})
		if covers && made != "" {
			return made, certificate
		}
	}
	return "", nil
}

package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// credential looks for one Secret in the namespaces of the Gateway's pods.
// Where these are several, pods of other people may have the same labels: only
// when it is in none of them is it missing.
func (g gateway) credential(server map[string]any, name string) {
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

func (g gateway) credentialIn(namespace string, server map[string]any, name string, e *exam) {
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
		data := field.Map(answer.Object.Object, "data")
		if !holds(data, "tls.crt", "tls.key") && !holds(data, "cert", "key") {
			f := g.broken(server, name, fmt.Sprintf("Secret %s has no tls.crt and tls.key", name))
			f.Evidence = append(f.Evidence, evidence(answer.Object, "data", keysOf(answer.Object), answer.Object.GetCreationTimestamp().Time))
			e.findings = append(e.findings, f)
		}
	}
}

// holds tells whether the Secret has the keys; Istio takes either pair
// (pilot/pkg/credentials/kube/secrets.go, 1.20).
func holds(data map[string]any, keys ...string) bool {
	return !slices.ContainsFunc(keys, func(key string) bool { _, has := data[key]; return !has })
}

func (g gateway) broken(server map[string]any, name, why string) finding.Finding {
	return finding.Finding{
		Code: codeCredentialBroken, Ref: finding.RefOf(g.obj), Reason: "InvalidCredential", Severity: finding.Critical,
		Message:  fmt.Sprintf("%s serves no certificate on %s: %s", finding.RefOf(g.obj), entry(server), why),
		Evidence: []finding.Evidence{g.named(server, name)},
		Fixes: []finding.Fix{{Text: "Make the Secret of type kubernetes.io/tls, best by a Certificate",
			Command: fmt.Sprintf("kubectl get secrets,certificates -n %s", g.obj.GetNamespace())}},
	}
}

// entry is where a Gateway's server listens: "web.bhs.orthweb.com:443".
func entry(server map[string]any) string {
	return fmt.Sprintf("%s:%d", strings.Join(field.Texts(server, "hosts"), ","), field.Int(server, "port", "number"))
}

// named is where the Gateway names the Secret.
func (g gateway) named(server map[string]any, name string) finding.Evidence {
	path := fmt.Sprintf("spec.servers[%s].tls.credentialName", field.Text(server, "port", "name"))
	return evidence(g.obj, path, name, time.Time{})
}

// missing is the finding on a Secret that is not there, with the one that may be
// meant.
func (g gateway) missing(namespace string, server map[string]any, name string) finding.Finding {
	ref := coreRef(secretKind.Kind, namespace, name)
	f := g.broken(server, name, fmt.Sprintf("Secret %s/%s does not exist", namespace, name))
	f.Code, f.Reason = codeCredentialMissing, "CredentialNotFound"
	f.Evidence = append(f.Evidence, finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"})
	fix := finding.Fix{Text: "Name an existing Secret in tls.credentialName, or add a Certificate with secretName: " + name,
		Command: g.x.applyNow(g.obj), File: g.x.file(g.obj, "spec.servers.tls.credentialName")}
	if other, ok := g.x.elsewhere(ref); ok {
		f.Message += fmt.Sprintf("; there is one in namespace %s, but Istio reads it beside the ingress' pods", other.Namespace)
		fix.Text = fmt.Sprintf("Make the Secret in namespace %s", namespace)
	} else if made, maker := g.meant(namespace, server); made != "" {
		f.Message += fmt.Sprintf("; Certificate %s makes %s", maker.Name, made)
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: maker, Field: "spec.secretName", Value: made})
		fix.Text = fmt.Sprintf("In tls.credentialName write %s instead of %s", made, name)
	}
	f.Fixes = []finding.Fix{fix}
	return f
}

// meant is the Secret of a Certificate for one of the server's hosts.
func (g gateway) meant(namespace string, server map[string]any) (string, finding.Ref) {
	hosts := field.Texts(server, "hosts")
	for _, certificate := range g.x.snap.List(health.CertificateKind, namespace).Objects {
		made := field.Text(certificate.Object, "spec", "secretName")
		covers := slices.ContainsFunc(field.Texts(certificate.Object, "spec", "dnsNames"), func(name string) bool {
			return slices.ContainsFunc(hosts, func(host string) bool {
				_, host, _ = cutNamespace(host)
				return host == name || host == "*"
			})
		})
		if covers && made != "" {
			return made, finding.RefOf(certificate)
		}
	}
	return "", finding.Ref{}
}

// cutNamespace splits "namespace/host", as Istio writes hosts and gateways.
func cutNamespace(text string) (namespace, name string, found bool) {
	namespace, name, found = strings.Cut(text, "/")
	if !found {
		return "", text, false
	}
	return namespace, name, true
}

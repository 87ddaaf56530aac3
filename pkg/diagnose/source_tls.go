package diagnose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// untrusted reports a TLS server whose certificate is not trusted, or that does not
// accept source-controller.
func (s fetchFailure) untrusted(f *finding.Finding) {
	secret := s.caSecret()
	file := s.x.definedIn(s.obj)
	show := escape.Command("openssl s_client -connect %s -servername %s </dev/null", withPort(s.host()), strings.Split(s.host(), ":")[0])
	switch s.problem.TLS {
	case fluxmsg.TLSExpired:
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Renew the certificate of %s; if it is valid, correct the clock of the nodes", s.host()), Command: show}}
	case fluxmsg.TLSOtherName:
		s.otherName(show, file, f)
	case fluxmsg.TLSPlainHTTP:
		f.Fixes = []finding.Fix{{Text: "Use the TLS port of the server in spec.url: this port does not speak TLS", File: file}}
		if s.obj.GetKind() != health.GitRepositoryKind.Kind {
			f.Fixes = append(f.Fixes, s.fix("If it has none and you trust the network, set spec.insecure: true"))
		}
	case fluxmsg.TLSClientCertificate:
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Put a client certificate that %s accepts into tls.crt and tls.key of the Secret that %s names", s.host(), secret), File: file}}
	case fluxmsg.TLSUnknownCA:
		s.unknownCA(secret, show, f)
	default:
		f.Fixes = []finding.Fix{{Text: "Check how the server answers a TLS connection; a proxy or firewall may close it", Command: show}}
	}
}

// validFor are the names in "certificate is valid for a, b, not c" (Go 1.26,
// crypto/x509, HostnameError).
var validFor = regexp.MustCompile(`certificate is valid for (.+), not (\S+)`)

// otherName reports a certificate for other hosts. If none of its names shares a domain
// with the URL, another server answers, through the DNS, a proxy or an ingress; then
// its name is not suggested, since Flux would fetch from that server.
func (s fetchFailure) otherName(show, file string, f *finding.Finding) {
	host := strings.Split(s.host(), ":")[0]
	names := validFor.FindStringSubmatch(s.message)
	if names == nil || slices.ContainsFunc(strings.Split(names[1], ", "), func(name string) bool { return sameDomain(name, host) }) {
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Use a host name in spec.url that the certificate of %s has", s.host()), File: file, Command: show}}
		return
	}
	f.Message += fmt.Sprintf("; the server that answers has a certificate for %s, which may be another one than %s", names[1], host)
	f.Fixes = []finding.Fix{
		{Text: fmt.Sprintf("Check to which address the cluster resolves %s: another server answers, such as an ingress controller by a wildcard or search domain in the DNS, or a proxy", host),
			Command: escape.Command("kubectl run resolve -n %s --rm -it --restart=Never --image=busybox -- nslookup %s", s.x.controllerOf(s.obj).Namespace, host)},
		{Text: "Compare the certificate with the one that is presented outside of the cluster", Command: show},
	}
}

// sameDomain reports whether two hosts are in one registrable domain, or are the same.
func sameDomain(a, b string) bool {
	domain := func(host string) string {
		host = strings.ToLower(strings.Trim(host, "*. "))
		domain, err := publicsuffix.EffectiveTLDPlusOne(host)
		if err != nil { // a suffix by itself, or a name without a dot
			return host
		}
		return domain
	}
	return domain(a) == domain(b)
}

// unknownCA reports a certificate from a CA that source-controller does not trust.
func (s fetchFailure) unknownCA(where, show string, f *finding.Finding) {
	name := s.text(strings.TrimPrefix(where, "spec."), "name")
	look := finding.Fix{Text: fmt.Sprintf("Check who issued the certificate of %s", s.host()), Command: show}
	if name == "" {
		f.Fixes = []finding.Fix{look, s.fix("If that is your own CA, put its certificate into key ca.crt of a Secret and name that in %s", where)}
		return
	}
	ref := coreRef("Secret", s.obj.GetNamespace(), name)
	f.Evidence = append(f.Evidence, evidence(s.obj, where+".name", name, time.Time{}))
	what := "does not have the CA that issued the certificate in ca.crt"
	if secret := s.x.snap.Lookup(ref).Object; secret != nil && !hasKey(secret, "ca.crt") && !hasKey(secret, "caFile") {
		what = "has no key ca.crt (it has " + keysOf(secret) + ")"
	}
	f.Message += fmt.Sprintf("; %s, which %s names, %s", ref, where, what)
	f.Fixes = []finding.Fix{look, {Text: fmt.Sprintf("If that is your own CA, put its certificate into key ca.crt of %s", ref), Command: inspect(ref)}}
}

// caSecret is the field that references the Secret with the CA: a GitRepository has no
// certSecretRef (source-controller api v1).
func (s fetchFailure) caSecret() string {
	if s.obj.GetKind() == health.GitRepositoryKind.Kind {
		return "spec.secretRef"
	}
	return "spec.certSecretRef"
}

func withPort(host string) string {
	if strings.Contains(host, ":") {
		return host
	}
	return host + ":443"
}

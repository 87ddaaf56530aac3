package source

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// hostKey reports an SSH server whose key is not in known_hosts. It may be another
// server: the fingerprint has to be compared first.
func (s fetchFailure) hostKey(f *finding.Finding) {
	name, _ := s.secret()
	host, port, _ := strings.Cut(s.host(), ":")
	what := "is not the one in known_hosts: it was changed, or another server answers"
	switch {
	case strings.Contains(s.message, "no common algorithm"):
		what = "is of a type that is not in known_hosts"
	case strings.Contains(s.message, "key is unknown"):
		what = "is not in known_hosts"
	case strings.Contains(s.message, "key is revoked"):
		what = "is marked as revoked in known_hosts"
	}
	f.Message = fmt.Sprintf("%s can't be fetched: the SSH key of %s %s", s.verdict.Ref, host, what)
	scan := "ssh-keyscan " + escape.ShellWord(host)
	if port != "" {
		scan = escape.Command("ssh-keyscan -p %s %s", port, host)
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Compare the fingerprint of the key that %s presents with the one that its operator publishes", host), Command: scan + " | ssh-keygen -lf -"}}
	if name == "" {
		f.Fixes = append(f.Fixes, s.fix("If they are the same, create a Secret with identity and known_hosts, and name it in spec.secretRef"))
		return
	}
	ref := engine.CoreRef("Secret", s.obj.GetNamespace(), name)
	f.Evidence = append(f.Evidence, engine.Evidence(s.obj, "spec.secretRef.name", name, time.Time{}))
	f.Message += fmt.Sprintf(" (key known_hosts of %s)", ref)
	f.Fixes = append(f.Fixes, finding.Fix{Text: fmt.Sprintf("If they are the same, put the key into known_hosts of %s", ref),
		Command: escape.Command(`kubectl patch secret %s -n %s --type=merge -p "{\"data\":{\"known_hosts\":\"$(%s 2>/dev/null | base64 | tr -d '\n')\"}}"`, ref.Name, ref.Namespace, escape.Shell(scan))})
}

// rateLimited reports a host that refuses further requests for some time.
func (s fetchFailure) rateLimited(f *finding.Finding) {
	f.Message = fmt.Sprintf("%s can't be fetched for now: %s limits the number of requests, and there were too many from this cluster", s.verdict.Ref, s.host())
	f.Severity = finding.Warning
	if object.Text(s.obj.Object, "status", "artifact", "revision") == "" {
		f.Severity = finding.Critical
	}
	f.Fixes = []finding.Fix{{Text: "Wait: Flux retries, and a limit is lifted after minutes or hours"}}
	if name, _ := s.secret(); name == "" {
		f.Fixes = append(f.Fixes, s.fix("Name a Secret with credentials in spec.secretRef: most hosts have a higher limit for authenticated clients"))
	}
	fix := s.fix("Fetch from a mirror, or less often: raise spec.interval")
	if interval := s.text("interval"); interval != "" {
		fix.Text = fmt.Sprintf("Fetch from a mirror, or less often: raise spec.interval (%s now)", interval)
		f.Evidence = append(f.Evidence, engine.Evidence(s.obj, "spec.interval", interval, time.Time{}))
	}
	f.Fixes = append(f.Fixes, fix)
}

// storageFull reports the volume of source-controller: every source has the same
// problem.
func (s fetchFailure) storageFull(f *finding.Finding, e *engine.Result) {
	controller := flux.ControllerOf(s.x, s.obj)
	if flux.NotReady(s.x, controller) {
		e.Blame = append(e.Blame, controller)
	}
	f.Ref = controller
	f.Message = fmt.Sprintf("source-controller can't store what it fetches, such as %s: its disk is full", s.verdict.Ref)
	if strings.Contains(s.message, "read-only file system") {
		f.Message = fmt.Sprintf("source-controller can't store what it fetches, such as %s: its disk is read-only", s.verdict.Ref)
	}
	f.Fixes = []finding.Fix{
		{Text: "Check how full the volumes for /data and /tmp are", Command: escape.Command("kubectl exec -n %s deployment/%s -- df -h /data /tmp", controller.Namespace, controller.Name)},
		{Text: "Enlarge them: the size limit of the emptyDir, the claim of /data, or the disk of the node", Command: escape.Command("kubectl describe pods -n %s -l app=%s", controller.Namespace, controller.Name)},
	}
	deployment := s.x.Snap.Lookup(controller).Object
	if deployment == nil {
		return
	}
	for _, volume := range object.List(deployment.Object, "spec", "template", "spec", "volumes") {
		name := object.Text(volume, "name")
		for _, path := range [][]string{{"emptyDir", "sizeLimit"}, {"persistentVolumeClaim", "claimName"}} {
			if value := object.Text(volume, path...); value != "" {
				f.Evidence = append(f.Evidence, engine.Evidence(deployment, fmt.Sprintf("spec.template.spec.volumes[%s].%s", name, strings.Join(path, ".")), value, time.Time{}))
			}
		}
	}
}

// proxy reports a proxy that can't be used.
func (s fetchFailure) proxy(f *finding.Finding) {
	name := s.text("proxySecretRef", "name")
	refused := strings.Contains(s.message, "Proxy Authentication Required") || s.problem.HTTPStatus == 407
	what := "does not allow the connection to " + s.host()
	unreached := strings.Contains(s.message, "proxyconnect") || strings.Contains(s.message, "socks connect")
	switch {
	case refused:
		what = "does not accept its credentials"
	case unreached:
		what = "can't be connected to"
	}
	if name == "" {
		controller := flux.ControllerOf(s.x, s.obj)
		f.Message = fmt.Sprintf("%s can't be fetched: the proxy that source-controller is configured to use %s: %s", s.verdict.Ref, what, health.FirstLine(s.message))
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Correct HTTPS_PROXY, or add the host %s to NO_PROXY, in the environment of source-controller", s.host()),
			Command: escape.Command("kubectl set env deployment/%s -n %s --list", controller.Name, controller.Namespace)}}
		if !refused && !unreached {
			f.Fixes[0].Text = fmt.Sprintf("Configure the proxy in HTTPS_PROXY of source-controller to allow %s, or add that host to NO_PROXY", s.host())
		}
		return
	}
	secret := engine.CoreRef("Secret", s.obj.GetNamespace(), name)
	f.Message = fmt.Sprintf("%s can't be fetched: the proxy of %s %s: %s", s.verdict.Ref, secret, what, health.FirstLine(s.message))
	f.Evidence = append(f.Evidence, engine.Evidence(s.obj, "spec.proxySecretRef.name", name, time.Time{}))
	keys := "address"
	if refused {
		keys = "username and password"
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Correct %s in %s, which spec.proxySecretRef names", keys, secret), Command: flux.DescribeCommand(secret)}}
	if !refused && !unreached {
		f.Fixes[0].Text = fmt.Sprintf("Configure the proxy in %s to allow %s, or name another proxy in spec.proxySecretRef", secret, s.host())
	}
}

// unreached reports a host that can't be connected to, by the type of failure.
func (s fetchFailure) unreached(f *finding.Finding) {
	try := func(command string) string {
		return escape.Command("kubectl run connect -n %s --rm -it --restart=Never --image=busybox -- %s", flux.ControllerOf(s.x, s.obj).Namespace, escape.Shell(command))
	}
	host, port, _ := strings.Cut(s.host(), ":")
	switch s.problem.Problem {
	case message.SourceDNS:
		f.Fixes = []finding.Fix{
			s.fix("Check the spelling of the host %s in %s", host, s.addressField()),
			{Text: "If it is correct, check whether the DNS of the cluster resolves it", Command: try("nslookup " + escape.ShellWord(host))},
		}
	case message.SourceRefused:
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Check whether %s listens on that port, and whether a firewall refuses the cluster", s.host()), Command: try(escape.Command("nc -zv -w 5 %s %s", host, cmp.Or(port, s.defaultPort())))}}
	default:
		f.Fixes = []finding.Fix{
			{Text: fmt.Sprintf("Check whether pods of the cluster can connect to %s; a firewall or a NetworkPolicy for egress may drop the connection", s.host()), Command: try(escape.Command("nc -zv -w 5 %s %s", host, cmp.Or(port, s.defaultPort())))},
			s.fix("If they can and the repository is large or slow, raise spec.timeout (%s now)", health.Timeout(s.obj)),
		}
	}
}

func (s fetchFailure) addressField() string {
	if s.text("url") == "" {
		return "spec.endpoint"
	}
	return "spec.url"
}

func (s fetchFailure) defaultPort() string {
	switch {
	case strings.HasPrefix(s.text("url"), "ssh://"):
		return "22"
	case strings.HasPrefix(s.text("url"), "http://"):
		return "80"
	}
	return "443"
}

// untrusted reports a TLS server whose certificate is not trusted, or that does not
// accept source-controller.
func (s fetchFailure) untrusted(f *finding.Finding) {
	secret := s.caSecret()
	file := s.x.DefinedIn(s.obj)
	show := escape.Command("openssl s_client -connect %s -servername %s </dev/null", withPort(s.host()), strings.Split(s.host(), ":")[0])
	switch s.problem.TLS {
	case message.TLSExpired:
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Renew the certificate of %s; if it is valid, correct the clock of the nodes", s.host()), Command: show}}
	case message.TLSOtherName:
		s.otherName(show, file, f)
	case message.TLSPlainHTTP:
		f.Fixes = []finding.Fix{{Text: "Use the TLS port of the server in spec.url: this port does not speak TLS", File: file}}
		if s.obj.GetKind() != object.GitRepositoryKind.Kind {
			f.Fixes = append(f.Fixes, s.fix("If it has none and you trust the network, set spec.insecure: true"))
		}
	case message.TLSClientCertificate:
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Put a client certificate that %s accepts into tls.crt and tls.key of the Secret that %s names", s.host(), secret), File: file}}
	case message.TLSUnknownCA:
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
	f.Message += fmt.Sprintf("; the certificate is for %s, so another server than %s may have answered", names[1], host)
	f.Fixes = []finding.Fix{
		{Text: fmt.Sprintf("Check to which address the cluster resolves %s. Another server may answer: an ingress controller, because of a wildcard record or a search domain in DNS, or a proxy", host),
			Command: escape.Command("kubectl run resolve -n %s --rm -it --restart=Never --image=busybox -- nslookup %s", flux.ControllerOf(s.x, s.obj).Namespace, host)},
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
	ref := engine.CoreRef("Secret", s.obj.GetNamespace(), name)
	f.Evidence = append(f.Evidence, engine.Evidence(s.obj, where+".name", name, time.Time{}))
	what := "does not have the CA that issued the certificate in ca.crt"
	if secret := s.x.Snap.Lookup(ref).Object; secret != nil && !engine.HasKey(secret, "ca.crt") && !engine.HasKey(secret, "caFile") {
		what = "has no key ca.crt (it has " + pods.KeysOf(secret) + ")"
	}
	f.Message += fmt.Sprintf("; %s, which %s names, %s", ref, where, what)
	f.Fixes = []finding.Fix{look, {Text: fmt.Sprintf("If that is your own CA, put its certificate into key ca.crt of %s", ref), Command: flux.DescribeCommand(ref)}}
}

// caSecret is the field that references the Secret with the CA: a GitRepository has no
// certSecretRef (source-controller api v1).
func (s fetchFailure) caSecret() string {
	if s.obj.GetKind() == object.GitRepositoryKind.Kind {
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

package diagnose

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// hosts reports hosts of Gateways that serve the certificate and that it is not
// valid for. Where the Secret could not be read, the Certificate's own names
// count: it is ready, so that these are in it.
func (c certificate) hosts(chain []*x509.Certificate) {
	names := append(field.Texts(c.obj.Object, "spec", "dnsNames"), field.Texts(c.obj.Object, "spec", "ipAddresses")...)
	if len(chain) > 0 {
		names = chain[0].DNSNames
		for _, ip := range chain[0].IPAddresses {
			names = append(names, ip.String())
		}
	}
	for _, obj := range c.x.snap.List(health.GatewayKind, c.obj.GetNamespace()).Objects {
		g := gateway{x: c.x, obj: obj}
		for i, spec := range field.List(obj.Object, "spec", "servers") {
			if field.Text(spec, "tls", "credentialName") != c.secret().Name || !slices.Contains(g.namespaces(), c.obj.GetNamespace()) {
				continue
			}
			server := gatewayServer{i, spec}
			for j, host := range server.hosts() {
				_, bare, _ := cutNamespace(host)
				if bare == "*" || covered(bare, names) || g.hostIsWrong(server, j) {
					continue
				}
				c.uncovered(obj, server.path(fmt.Sprintf("hosts[%d]", j)), host, bare, names)
			}
		}
	}
}

// hostIsWrong tells whether a host of a server is reported with the Gateway, which
// should not serve it, so that no certificate needs to be valid for it.
func (g gateway) hostIsWrong(s gatewayServer, index int) bool {
	_, mismatch := g.hostMismatch(s, index)
	return mismatch || g.x.intrudes(g.x.claim(g.obj, s), index)
}

func (c certificate) uncovered(gateway *unstructured.Unstructured, path, host, bare string, names []string) {
	ref := finding.RefOf(c.obj)
	f := finding.Finding{
		Code: codeHostUncovered, Ref: ref, Reason: "HostNotCovered", Severity: finding.Critical,
		Message:  fmt.Sprintf("%s is not valid for %s, which %s serves with it: it is valid for %s", ref, bare, finding.RefOf(gateway), strings.Join(names, ", ")),
		Evidence: []finding.Evidence{evidence(gateway, path, host, time.Time{})},
		Fixes:    []finding.Fix{{Text: "Add " + bare + " to spec.dnsNames", File: c.x.file(c.obj, "spec.dnsNames"), Command: c.x.applyNow(c.obj)}},
	}
	if names, ok := valueAt(c.obj.Object, "spec.dnsNames"); ok && !strings.HasSuffix(names, "…") {
		f.Evidence = append(f.Evidence, evidence(c.obj, "spec.dnsNames", names, time.Time{}))
	}
	if other := c.x.otherTenantNamed(bare, c.obj.GetNamespace()); other != "" {
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Find out why %s serves %s, which contains the name of tenant %s, and remove it from %s unless it is intended", finding.RefOf(gateway), bare, other, path),
			File: c.x.file(gateway, path)}}
	}
	if slices.Contains(field.Texts(c.obj.Object, "spec", "dnsNames"), bare) {
		f.Fixes = []finding.Fix{{Text: "Reissue the certificate: the name is in spec.dnsNames but not in the certificate", Command: escape.Command("cmctl renew %s -n %s", c.obj.GetName(), c.obj.GetNamespace())}}
	}
	c.exam.findings = append(c.exam.findings, f)
}

// covered tells whether a certificate with the names is valid for a host, which
// may be a wildcard itself (RFC 6125, section 6.4.3: a wildcard stands for one
// label).
func covered(host string, names []string) bool {
	_, parent, _ := strings.Cut(host, ".")
	return slices.ContainsFunc(names, func(name string) bool {
		return strings.EqualFold(name, host) || parent != "" && strings.EqualFold(name, "*."+parent)
	})
}

package pki

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// hosts reports hosts of Gateways that serve the certificate but for which it is not
// valid. If the Secret could not be read, the Certificate's own names are used: it is
// ready, so the certificate contains them.
func (c certificate) hosts(chain []*x509.Certificate) {
	names := append(object.Texts(c.obj.Object, "spec", "dnsNames"), object.Texts(c.obj.Object, "spec", "ipAddresses")...)
	if len(chain) > 0 {
		names = chain[0].DNSNames
		for _, ip := range chain[0].IPAddresses {
			names = append(names, ip.String())
		}
	}
	for _, obj := range c.x.Snap.List(object.GatewayKind, c.obj.GetNamespace()).Objects {
		g := traffic.Gateway{X: c.x, Obj: obj}
		for i, spec := range object.List(obj.Object, "spec", "servers") {
			if object.Text(spec, "tls", "credentialName") != c.secret().Name || !slices.Contains(g.Namespaces(), c.obj.GetNamespace()) {
				continue
			}
			server := traffic.GatewayServer{Index: i, Spec: spec}
			for j, host := range server.Hosts() {
				_, bare, _ := engine.CutNamespace(host)
				if bare == "*" || engine.Covered(bare, names) || hostIsWrong(g, server, j) {
					continue
				}
				c.uncovered(obj, server.Path(fmt.Sprintf("hosts[%d]", j)), host, bare, names)
			}
		}
	}
}

// hostIsWrong reports whether a host of a server is reported on the Gateway, which should
// not serve it, so no certificate needs to be valid for it.
func hostIsWrong(g traffic.Gateway, s traffic.GatewayServer, index int) bool {
	_, mismatch := g.HostMismatch(s, index)
	return mismatch || traffic.IsClaimToChange(g.X, traffic.FindClaim(g.X, g.Obj, s), index)
}

func (c certificate) uncovered(gateway *unstructured.Unstructured, path, host, bare string, names []string) {
	ref := object.RefOf(c.obj)
	f := finding.Finding{
		Code: engine.CodeHostUncovered, Ref: ref, Reason: "HostNotCovered", Severity: finding.Critical,
		Message:  fmt.Sprintf("%s is not valid for %s, which %s serves with it: it is valid for %s", ref, bare, object.RefOf(gateway), strings.Join(names, ", ")),
		Evidence: []finding.Evidence{engine.Evidence(gateway, path, host, time.Time{})},
		Fixes:    []finding.Fix{{Text: "Add " + bare + " to spec.dnsNames", File: flux.File(c.x, c.obj, "spec.dnsNames"), Command: flux.ApplyCommand(c.x, c.obj)}},
	}
	if names, ok := engine.ValueAt(c.obj.Object, "spec.dnsNames"); ok && !strings.HasSuffix(names, "…") {
		f.Evidence = append(f.Evidence, engine.Evidence(c.obj, "spec.dnsNames", names, time.Time{}))
	}
	if other := traffic.OtherTenantNamed(c.x, bare, c.obj.GetNamespace()); other != "" {
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Find out why %s serves %s, which contains the name of tenant %s, and remove it from %s unless it is intended", object.RefOf(gateway), bare, other, path),
			File: flux.File(c.x, gateway, path)}}
	}
	if slices.Contains(object.Texts(c.obj.Object, "spec", "dnsNames"), bare) {
		f.Fixes = []finding.Fix{{Text: "Reissue the certificate: the name is in spec.dnsNames but not in the certificate", Command: escape.Command("cmctl renew %s -n %s", c.obj.GetName(), c.obj.GetNamespace())}}
	}
	c.exam.Findings = append(c.exam.Findings, f)
}

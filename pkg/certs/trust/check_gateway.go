package trust

import (
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// gateways checks for every server whether it requests client certificates, and whether it
// accepts this one.
func (q Question) gateways() []Result {
	var results []Result
	for _, server := range q.Servers {
		r := q.gateway(server)
		r.Name = fmt.Sprintf("%s:%d", server.Gateway.Name, server.Port)
		results = append(results, r)
	}
	unread, _ := q.unread()
	for _, why := range unread {
		results = append(results, Result{Name: "gateways", Outcome: Unknown, Detail: "there may be more Gateways: " + why.String()})
	}
	if len(results) == 0 {
		return []Result{{Name: "gateways", Outcome: Unknown, Detail: fmt.Sprintf("tenant %s has no Gateway that could request it", q.Tenant)}}
	}
	return results
}

// unread separates what could not be read: Gateways, and CAs.
func (q Question) unread() (gateways, others []snapshot.Failure) {
	for _, why := range q.Unknown {
		if strings.HasPrefix(strings.ToLower(why.Resource), strings.ToLower(object.GatewayKind.Kind)) {
			gateways = append(gateways, why)
		} else {
			others = append(others, why)
		}
	}
	return gateways, others
}

func (q Question) gateway(s Server) Result {
	requested, looked := q.Requested[s.Port]
	switch {
	case s.Mode == Plain:
		return Result{Outcome: Warn, Detail: "it does not use TLS, so it never requests a certificate"}
	case s.Mode == IstioMutual:
		return Result{Outcome: Fail, Detail: "it accepts only certificates that Istio issues to pods (tls.mode ISTIO_MUTUAL), so it refuses clients from outside",
			Fix: s.fix("For clients from outside, set tls.mode: MUTUAL", "")}
	case s.Mode == Passthrough || s.Mode == AutoPassthrough:
		return passed(s, requested, looked)
	case s.Mode == Simple && requested:
		return Result{Outcome: Unknown, Detail: "it requests a certificate, although it is configured not to (tls.mode SIMPLE): the CAs that it checks it against are not known"}
	case s.Mode == Simple:
		return Result{Outcome: Warn, Detail: "the gateway never requests this certificate (tls.mode SIMPLE): it accepts every client, with or without a certificate",
			Fix: s.mutual()}
	case !s.Mode.Asks():
		return Result{Outcome: Unknown, Detail: fmt.Sprintf("its tls.mode %s is not known", s.Mode)}
	case looked && !requested:
		return Result{Outcome: Warn, Detail: fmt.Sprintf("it is configured to request a certificate (tls.mode %s), but the server at port %d does not request one", s.Mode, s.Port),
			Fix: finding.Fix{Text: "Check whether the gateway's pods have received the Gateway, and whether another Gateway has the port", Command: "istioctl analyze -n " + escape.ShellWord(s.Gateway.Namespace)}}
	}
	return q.requesting(s)
}

func passed(s Server, requested, looked bool) Result {
	r := Result{Outcome: Unknown, Detail: fmt.Sprintf("it passes TLS through (tls.mode %s): the server behind it decides", s.Mode)}
	if looked && !requested {
		r.Outcome, r.Detail = Warn, fmt.Sprintf("it passes TLS through (tls.mode %s), and the server behind it does not request a certificate", s.Mode)
	} else if looked {
		r.Detail += "; that server requests a certificate"
	}
	return r
}

// requesting is the result for a server that requests client certificates.
func (q Question) requesting(s Server) Result {
	r := Result{Outcome: Pass, Detail: fmt.Sprintf("it requests a certificate (tls.mode %s) and trusts this one", s.Mode)}
	faults := ofChain(certs.Judge(q.presented(s.CA, nil)))
	switch {
	case s.Allowed.SkipVerify:
		r.Outcome, r.Fix = Warn, s.fix("Remove tls.insecureSkipVerify", "")
		r.Detail = "it requests a certificate, but accepts every certificate (tls.insecureSkipVerify)"
	case s.CAUnread != "":
		r.Outcome = Unknown
		r.Detail = "it requests a certificate, but the CAs that it trusts are not known: " + s.CAUnread
	case len(s.CA) == 0:
		r.Outcome = Fail
		r.Detail = fmt.Sprintf("it requests a certificate, but has no CA to check it against: %s has no ca.crt", s.CAFrom)
		r.Fix = finding.Fix{Text: "Create the Secret with a Certificate of a CA issuer, which writes ca.crt; or create Secret " + s.CAFrom.Name + "-cacert with ca.crt"}
	case len(faults) > 0:
		r.Outcome, r.Fix = Fail, q.reissue(" from a CA that the gateway trusts")
		r.Detail = fmt.Sprintf("it requests a certificate, but does not trust this one: %s; the CAs that it trusts are in %s", describe(faults), s.CAFrom)
	case !s.Allowed.allows(q.Chain[0]):
		r.Outcome = Fail
		r.Detail = "it requests a certificate, but this one is not on its list (tls.subjectAltNames, verifyCertificateHash, verifyCertificateSpki)"
		r.Fix = s.fix("Add the certificate to the list", "")
	}
	return r
}

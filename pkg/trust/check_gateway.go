package trust

import (
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// gateways tells of every server whether it asks for client certificates, and
// whether it would let this one in.
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
		return []Result{{Name: "gateways", Outcome: Unknown, Detail: fmt.Sprintf("tenant %s has no Gateway yet that could ask for it", q.Tenant)}}
	}
	return results
}

// unread parts what could not be read: of Gateways, and of authorities.
func (q Question) unread() (gateways, others []snapshot.Failure) {
	for _, why := range q.Unknown {
		if strings.HasPrefix(strings.ToLower(why.Resource), strings.ToLower(health.GatewayKind.Kind)) {
			gateways = append(gateways, why)
		} else {
			others = append(others, why)
		}
	}
	return gateways, others
}

func (q Question) gateway(s Server) Result {
	asked, looked := q.Asked[s.Port]
	switch {
	case s.Mode == Plain:
		return Result{Outcome: Warn, Detail: "it does not use TLS, so it never asks for a certificate"}
	case s.Mode == IstioMutual:
		return Result{Outcome: Fail, Detail: "it takes only certificates that Istio gives to pods (tls.mode ISTIO_MUTUAL), so no client from outside",
			Fix: s.fix("For clients from outside, set tls.mode: MUTUAL", "")}
	case s.Mode == Passthrough || s.Mode == AutoPassthrough:
		return passed(s, asked, looked)
	case s.Mode == Simple && asked:
		return Result{Outcome: Unknown, Detail: "it asks for a certificate, though it is set not to (tls.mode SIMPLE): what it checks it against can't be seen"}
	case s.Mode == Simple:
		return Result{Outcome: Warn, Detail: "the gateway never asks for this certificate (tls.mode SIMPLE): everybody who gets to it is let in, with or without one",
			Fix: s.mutual()}
	case !s.Mode.Asks():
		return Result{Outcome: Unknown, Detail: fmt.Sprintf("its tls.mode is %s, of which nothing is known here", s.Mode)}
	case looked && !asked:
		return Result{Outcome: Warn, Detail: fmt.Sprintf("it is set to ask for a certificate (tls.mode %s), but what answers at port %d does not ask", s.Mode, s.Port),
			Fix: finding.Fix{Text: "See whether the gateway's pods have got the Gateway, and whether another one has the port", Command: "istioctl analyze -n " + escape.ShellWord(s.Gateway.Namespace)}}
	}
	return q.admitted(s)
}

func passed(s Server, asked, looked bool) Result {
	r := Result{Outcome: Unknown, Detail: fmt.Sprintf("it passes TLS on unopened (tls.mode %s): what is behind it decides", s.Mode)}
	if looked && !asked {
		r.Outcome, r.Detail = Warn, fmt.Sprintf("it passes TLS on unopened (tls.mode %s), and what is behind it does not ask for a certificate", s.Mode)
	} else if looked {
		r.Detail += "; it does ask for a certificate"
	}
	return r
}

// admitted is the answer of a server that asks.
func (q Question) admitted(s Server) Result {
	r := Result{Outcome: Pass, Detail: fmt.Sprintf("it asks for a certificate (tls.mode %s), and trusts this one", s.Mode)}
	faults := ofChain(certs.Judge(q.presented(s.CA, nil)))
	switch {
	case s.Allowed.SkipVerify:
		r.Outcome, r.Fix = Warn, s.fix("Remove tls.insecureSkipVerify", "")
		r.Detail = "it asks for a certificate, but lets every one in (tls.insecureSkipVerify)"
	case s.CAUnread != "":
		r.Outcome = Unknown
		r.Detail = "it asks for a certificate, but what it trusts is not known: " + s.CAUnread
	case len(s.CA) == 0:
		r.Outcome = Fail
		r.Detail = fmt.Sprintf("it asks for a certificate, but has no authority to check it against: %s has no ca.crt", s.CAFrom)
		r.Fix = finding.Fix{Text: "Have the Secret made by a Certificate of a CA issuer, which writes ca.crt; or make Secret " + s.CAFrom.Name + "-cacert with ca.crt"}
	case len(faults) > 0:
		r.Outcome, r.Fix = Fail, q.reissue(" by an authority that the gateway trusts")
		r.Detail = fmt.Sprintf("it asks for a certificate, and does not trust this one: %s; what it trusts is in %s", describe(faults), s.CAFrom)
	case !s.Allowed.admits(q.Chain[0]):
		r.Outcome = Fail
		r.Detail = "it asks for a certificate, and this one is not on its list (tls.subjectAltNames, verifyCertificateHash, verifyCertificateSpki)"
		r.Fix = s.fix("Add the certificate to the list", "")
	}
	return r
}

package diagnose

import (
	"cmp"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// describe is the command that shows an object with its events.
func describe(ref finding.Ref) string {
	name := cmp.Or(commandNames[ref.Kind], ref.Kind)
	if ref.GroupKind() == health.APIGatewayKind {
		name = "gateways.gateway.networking.k8s.io"
	}
	command := escape.Command("kubectl describe %s %s", name, ref.Name)
	if ref.Namespace != "" {
		command += " -n " + escape.ShellWord(ref.Namespace)
	}
	return command
}

// commandNames are the names for kubectl of kinds whose name exists in another group as
// well.
var commandNames = map[string]string{
	"Gateway": "gateways.networking.istio.io", "Service": "service", "Issuer": "issuer", "ClusterIssuer": "clusterissuer",
	"Deployment": "deployment", "Certificate": "certificate", "CertificateRequest": "certificaterequest", "VirtualService": "virtualservice",
	"NetworkPolicy": "networkpolicy", "HorizontalPodAutoscaler": "hpa",
}

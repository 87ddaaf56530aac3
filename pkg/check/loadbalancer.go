package check

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// loadBalancerImages are parts of the images of controllers that assign addresses to Services
// of type LoadBalancer, with the controllers' names.
var loadBalancerImages = []struct{ image, name string }{
	{"metallb/controller", "MetalLB"},
	{"metallb-controller", "MetalLB"}, // Bitnami's chart
	{"kube-vip", "kube-vip"},
	{"klipper-lb", "K3s ServiceLB"},
	{"cloud-controller-manager", "a cloud controller manager"},
	{"aws-load-balancer-controller", "the AWS Load Balancer Controller"},
	{"openelb", "OpenELB"},
	{"purelb", "PureLB"},
	{"kube-loxilb", "LoxiLB"},
}

// loadBalancerClouds are the schemes of spec.providerID of nodes of providers whose control
// plane assigns the addresses.
var loadBalancerClouds = map[string]string{
	"aws": "AWS", "gce": "Google Cloud", "azure": "Azure", "digitalocean": "DigitalOcean", "hcloud": "Hetzner Cloud",
	"linode": "Linode", "openstack": "OpenStack", "ibm": "IBM Cloud", "scaleway": "Scaleway", "k3s": "K3s ServiceLB",
}

// loadBalancer looks for evidence that Services of type LoadBalancer, as the tenants' ingress
// is, get an address. The best evidence is one that has an address. Otherwise a known
// controller is; without one it is not known, which is a warning: no API reports it.
func loadBalancer(c *cluster) Check {
	services, unread := c.list(object.ServiceKind)
	var served string
	var pending, failing []string
	for _, service := range services {
		ref := object.RefOf(service)
		if object.Text(service.Object, "spec", "type") != "LoadBalancer" || service.GetDeletionTimestamp() != nil {
			continue
		}
		switch c.health.Of(ref).Status {
		case health.Ready:
			served = ref.Namespace + "/" + ref.Name + " has the address " + health.Addresses(service)[0]
		case health.Failing:
			failing = append(failing, ref.Namespace+"/"+ref.Name)
		default:
			pending = append(pending, ref.Namespace+"/"+ref.Name)
		}
	}
	controller := c.loadBalancerController()
	install := finding.Fix{Text: "Install a load balancer implementation, such as MetalLB or the cloud's controller"}
	inspect := finding.Fix{Text: "Check the events of the Service"}
	if len(failing) > 0 {
		namespace, name, _ := strings.Cut(failing[0], "/")
		inspect.Command = escape.Command("kubectl describe service %s -n %s", name, namespace)
	}
	switch {
	case served != "" && len(failing) > 0:
		return warn(inspect, "Service %s; but these have no address: %s", served, names(failing))
	case served != "":
		return pass("Service %s", served)
	case len(failing) > 0 && controller != "":
		return fail(inspect, "%s is installed, but Services have no address: %s", controller, names(failing))
	case len(failing) > 0:
		return fail(install, "no controller assigns addresses to Services: %s", names(failing))
	case unread != nil && controller == "":
		return *unread
	case len(pending) > 0:
		return warn(finding.Fix{Text: "Run the check again in ten minutes"}, "Services wait for their first address: %s", names(pending))
	case controller != "":
		return pass("%s is installed; no Service of type LoadBalancer exists yet", controller)
	}
	return warn(install, "no known load balancer implementation was found, and no Service of type LoadBalancer exists that would prove one")
}

// loadBalancerController is the name of a known controller, empty if none was found.
func (c *cluster) loadBalancerController() string {
	nodes, _ := c.list(object.NodeKind)
	for _, node := range nodes {
		scheme, _, _ := strings.Cut(object.Text(node.Object, "spec", "providerID"), ":")
		if cloud := loadBalancerClouds[scheme]; cloud != "" {
			return cloud
		}
	}
	deployments, _ := c.list(object.DeploymentKind)
	daemons, _ := c.list(object.DaemonSetKind)
	for _, workload := range append(deployments[:len(deployments):len(deployments)], daemons...) {
		for _, container := range object.List(workload.Object, "spec", "template", "spec", "containers") {
			for _, known := range loadBalancerImages {
				if strings.Contains(object.Text(container, "image"), known.image) {
					return known.name
				}
			}
		}
	}
	return ""
}

package health

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// addressTime is how long a cloud may take to give a load balancer an address.
const addressTime = 10 * time.Minute

// Addresses are the addresses of a Service or an Ingress, IPs and host names, in the
// order in which the cloud set them.
func Addresses(obj *unstructured.Unstructured) []string {
	var addresses []string
	for _, ingress := range object.List(obj.Object, "status", "loadBalancer", "ingress") {
		for _, key := range []string{"ip", "hostname"} {
			if address := object.Text(ingress, key); address != "" {
				addresses = append(addresses, address)
			}
		}
	}
	return addresses
}

// ingress judges an Ingress by its address, which its controller sets when it serves
// the Ingress.
func (a *Assessor) ingress(obj *unstructured.Unstructured, v Verdict) Verdict {
	created := obj.GetCreationTimestamp().Time
	if addresses := Addresses(obj); len(addresses) > 0 {
		return v.with(Ready, "", strings.Join(addresses, ", "), created)
	}
	const message = "no controller has assigned an address to it yet"
	if a.now.Sub(created) > addressTime {
		return v.with(Failing, NoAddress, message, created)
	}
	return v.with(Progressing, NoAddress, message, created)
}

// service judges a Service by its address; its pods are judged with their workload. kstatus
// considers a LoadBalancer as current when it has a cluster IP; but clients outside of the
// cluster can't connect to one without an address.
func (a *Assessor) service(obj *unstructured.Unstructured, v Verdict) Verdict {
	created := obj.GetCreationTimestamp().Time
	kind := object.Text(obj.Object, "spec", "type")
	if kind != "LoadBalancer" {
		return v.with(Ready, "", "type "+kind, created)
	}
	if addresses := Addresses(obj); len(addresses) > 0 {
		return v.with(Ready, "", strings.Join(addresses, ", "), created)
	}
	const message = "the load balancer has no address yet"
	if a.now.Sub(created) > addressTime {
		return v.with(Failing, NoAddress, message, created)
	}
	return v.with(Progressing, NoAddress, message, created)
}

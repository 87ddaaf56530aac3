package scaffold

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold/compare"
)

// hostPaths are the fields with the names of hosts, by kind: keys, through the entries of lists.
var hostPaths = map[schema.GroupKind][][]string{
	object.CertificateKind:    {{"spec", "dnsNames"}},
	object.GatewayKind:        {{"spec", "servers", "hosts"}},
	object.VirtualServiceKind: {{"spec", "hosts"}},
	object.IngressKind:        {{"spec", "rules", "host"}, {"spec", "tls", "hosts"}},
	object.APIGatewayKind:     {{"spec", "listeners", "hostname"}},
	object.HTTPRouteKind:      {{"spec", "hostnames"}},
	object.GRPCRouteKind:      {{"spec", "hostnames"}},
	object.TLSRouteKind:       {{"spec", "hostnames"}},
}

// hosts are the names by which clients outside of the cluster connect to an object.
func hosts(o *unstructured.Unstructured) []string {
	var found []string
	for _, keys := range hostPaths[o.GroupVersionKind().GroupKind()] {
		for _, host := range texts(o.Object, keys) {
			if _, name, ok := strings.Cut(host, "/"); ok { // Istio's "namespace/host"
				host = name
			}
			host = strings.ToLower(strings.TrimSuffix(host, "."))
			if isPublic(host) {
				found = append(found, host)
			}
		}
	}
	return found
}

// isPublic reports whether a name is not one of the cluster's own Services, nor a pattern for
// all hosts.
func isPublic(host string) bool {
	return strings.Contains(strings.TrimPrefix(host, "*."), ".") &&
		!strings.HasSuffix(host, ".svc") && !strings.HasSuffix(host, ".local")
}

// texts are the strings at keys, in all entries of the lists on the way.
func texts(value any, keys []string) []string {
	switch v := value.(type) {
	case string:
		if len(keys) == 0 {
			return []string{v}
		}
	case []any:
		var found []string
		for _, entry := range v {
			found = append(found, texts(entry, keys)...)
		}
		return found
	case map[string]any:
		if len(keys) > 0 {
			return texts(v[keys[0]], keys[1:])
		}
	}
	return nil
}

// domainOf is the longest domain of two or more labels that all hosts are in, "" if there is
// none. For a single host it is the host's parent.
func domainOf(hosts []string) string {
	var common []string
	unique := slices.Compact(slices.Sorted(slices.Values(hosts)))
	for i, host := range unique {
		labels := strings.Split(strings.TrimPrefix(host, "*."), ".")
		if i == 0 {
			common = labels
			if len(unique) == 1 && !strings.HasPrefix(host, "*.") && len(labels) > 2 {
				common = labels[1:]
			}
			continue
		}
		n := 0
		for n < len(common) && n < len(labels) && common[len(common)-1-n] == labels[len(labels)-1-n] {
			n++
		}
		common = common[len(common)-n:]
	}
	if len(common) < 2 {
		return ""
	}
	return strings.Join(common, ".")
}

// within reports whether a host is a domain, or in it.
func within(host, domain string) bool {
	host = strings.TrimPrefix(host, "*.")
	return domain != "" && (host == domain || strings.HasSuffix(host, "."+domain))
}

// addresses are the addresses of load balancers that an object specifies.
func addresses(o *unstructured.Unstructured) []string {
	var found []string
	var walk func(value any, key string)
	walk = func(value any, key string) {
		switch v := value.(type) {
		case map[string]any:
			for name, inner := range v {
				walk(inner, name)
			}
		case []any:
			for _, inner := range v {
				walk(inner, key)
			}
		case string:
			if compare.AddressField(key) {
				found = append(found, parseAddresses(v)...)
			}
		}
	}
	walk(o.Object, "")
	if o.GroupVersionKind().GroupKind() == object.APIGatewayKind {
		for _, text := range texts(o.Object, []string{"spec", "addresses", "value"}) {
			found = append(found, parseAddresses(text)...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// parseAddresses are the IP addresses in a list that is separated by commas.
func parseAddresses(text string) []string {
	var found []string
	for _, part := range strings.Split(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		if _, err := netip.ParseAddr(part); err == nil {
			found = append(found, part)
		}
	}
	return found
}

// titleVariable is the environment variable with Orthanc's AE title, as its Docker images read
// it (Orthanc Book, "Docker images": ORTHANC__ and the name of the option); titleOption is the
// option in Orthanc's configuration file.
const (
	titleVariable = "ORTHANC__DICOM_AET"
	titleOption   = "DicomAet"
)

// maxTitle is the length of a DICOM AE title (PS3.5, value representation AE).
const maxTitle = 16

// titles are the AE titles that an object sets for Orthanc.
func titles(o *unstructured.Unstructured) []string {
	var found []string
	var walk func(value any)
	walk = func(value any) {
		switch v := value.(type) {
		case map[string]any:
			if v["name"] == titleVariable {
				found = append(found, object.Text(v, "value"))
			}
			for key, inner := range v {
				if text, ok := inner.(string); ok && (key == titleOption || key == titleVariable) {
					found = append(found, text)
				}
				walk(inner)
			}
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		case string:
			var configuration map[string]any
			if strings.Contains(v, titleOption) && json.Unmarshal([]byte(v), &configuration) == nil {
				walk(configuration)
			}
		}
	}
	walk(o.Object)
	found = slices.DeleteFunc(found, func(title string) bool { return strings.TrimSpace(title) == "" })
	slices.Sort(found)
	return slices.Compact(found)
}

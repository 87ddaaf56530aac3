package scaffold

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
)

// maxLabel is the length of a DNS label (RFC 1123), which namespaces, Services and the values of
// labels must not exceed.
const maxLabel = validation.DNS1123LabelMaxLength

// CheckName rejects names that Kubernetes does not accept for the objects of a tenant: a name
// must be a DNS label that begins with a letter.
func CheckName(name string) error {
	if problems := validation.IsDNS1035Label(name); len(problems) > 0 {
		return advice.Add(fmt.Errorf("the name %q is not valid for a tenant", shortened(name)),
			"Use lower-case letters, digits and hyphens; begin with a letter, and end with a letter or digit; at most %d characters.", maxLabel)
	}
	if yaml.IsValueNonString(name) {
		return advice.Add(fmt.Errorf("the name %q is not valid for a tenant: YAML does not read it as text", name), "Choose another name.")
	}
	if strings.Contains(name, "--") {
		return advice.Add(fmt.Errorf("the name %q is not valid for a tenant: it has two hyphens in a row", name), "Use one hyphen between words.")
	}
	return nil
}

// shortened is the beginning of a text that a user specified, for an error.
func shortened(text string) string {
	if len(text) > 100 {
		return text[:100] + "…"
	}
	return text
}

// CheckDomain rejects domains that are not DNS names of two or more labels.
func CheckDomain(domain string) error {
	if problems := validation.IsDNS1123Subdomain(domain); len(problems) > 0 || !strings.Contains(domain, ".") {
		return advice.Add(fmt.Errorf("--domain %q is not a DNS name", shortened(domain)), "Specify the domain of the tenant's hosts in lower case, such as nhs.orthweb.com.")
	}
	for _, label := range strings.Split(domain, ".") {
		if len(label) > maxLabel {
			return advice.Add(fmt.Errorf("--domain %q is not a DNS name: a label has more than %d characters", shortened(domain), maxLabel), "Use shorter labels.")
		}
	}
	if _, err := netip.ParseAddr(domain); err == nil {
		return advice.Add(fmt.Errorf("--domain %q is an IP address", domain), "Specify the domain of the tenant's hosts, such as nhs.orthweb.com.")
	}
	return nil
}

// checkLength rejects a name with which a name in the tree would be too long.
func (c *creation) checkLength() error {
	longest := ""
	consider := func(text string) {
		if c.words.Has(text) && len(c.words.Apply(text)) > len(c.words.Apply(longest)) {
			longest = text
		}
	}
	for _, k := range c.model.Layers {
		consider(k.GetName()) // a value of a label of all that it applies
	}
	for _, namespace := range c.model.Namespaces {
		consider(namespace)
	}
	for _, o := range c.model.Objects() {
		if o.GetKind() == "Service" {
			consider(o.GetName())
		}
	}
	renamed := c.words.Apply(longest)
	if len(renamed) <= maxLabel {
		return nil
	}
	return advice.Add(fmt.Errorf("the name %q is too long: %s would have %d characters, and %d are allowed", c.options.Name, renamed, len(renamed), maxLabel),
		"Use at most %d characters.", maxLabel-(len(renamed)-len(c.options.Name)))
}

// checkHosts rejects a domain with which the name of a host is not valid, or that another object
// has.
func (c *creation) checkHosts() error {
	for _, host := range c.model.Hosts {
		renamed := c.words.Apply(host)
		name := strings.TrimPrefix(renamed, "*.")
		if problems := validation.IsDNS1123Subdomain(name); len(problems) > 0 {
			return advice.Add(fmt.Errorf("the host %q is not a DNS name: it has more than %d characters", shortened(renamed), validation.DNS1123SubdomainMaxLength), "Specify a shorter --domain.")
		}
		if renamed == host {
			if err := c.checkSharedHost(host); err != nil {
				return err
			}
			continue
		}
		for _, cl := range c.repository.clusters {
			for _, o := range cl.Objects {
				if slices.Contains(hosts(o.Unstructured), renamed) {
					p, _ := o.Locate("spec")
					return advice.Add(fmt.Errorf("the host %s exists already: %s, %s", renamed, o.Ref(), p), "Specify another --domain.")
				}
			}
		}
	}
	return nil
}

// checkSharedHost rejects a host of the model that the new tenant would also have, unless all
// tenants share it.
func (c *creation) checkSharedHost(host string) error {
	shared := len(c.repository.Tenants) > 1
	for _, t := range c.repository.Tenants {
		shared = shared && slices.Contains(t.Hosts, host) && !within(host, t.Domain)
	}
	if shared {
		return nil
	}
	where := ""
	for _, o := range c.model.Objects() {
		if slices.Contains(hosts(o.Unstructured), host) {
			where = ": " + o.LineOf(host).String()
			break
		}
	}
	return advice.Add(fmt.Errorf("%s would have the host %s, too, because it is not in the domain %s of %s%s", c.options.Name, host, c.model.Domain, c.model.Name, where),
		"Correct the host, or specify another model with --from.")
}

// checkAddresses rejects addresses that are missing, invalid or in use.
func (c *creation) checkAddresses() error {
	want, given := c.ownAddresses(), c.options.Addresses
	if len(want) != len(given) {
		if len(want) == 0 {
			return advice.Add(fmt.Errorf("--address has no effect: no file of %s has the address of a load balancer", c.model.Name), "Remove it.")
		}
		return advice.Add(fmt.Errorf("the files of %s specify the addresses of load balancers %s, and --address specifies %d for %s",
			c.model.Name, strings.Join(want, ", "), len(given), c.options.Name), "Specify a new address for each, in this order, with --address.")
	}
	for _, address := range given {
		if _, err := netip.ParseAddr(address); err != nil {
			return advice.Add(fmt.Errorf("--address %q is not an IP address", shortened(address)), "For example: 192.0.2.10.")
		}
		for _, t := range c.repository.Tenants {
			if slices.Contains(t.Addresses, address) {
				return advice.Add(fmt.Errorf("the address %s is that of tenant %s", address, t.Name), "Specify another --address.")
			}
		}
	}
	if len(slices.Compact(slices.Sorted(slices.Values(given)))) != len(given) {
		return errors.New("an --address is specified twice")
	}
	return nil
}

// checkTitles rejects a name with which an AE title would be too long, or the same as another's.
func (c *creation) checkTitles() error {
	for _, title := range c.model.Titles {
		renamed := c.words.Apply(title)
		if len(renamed) > maxTitle {
			return advice.Add(fmt.Errorf("the AE title %q would have %d characters, and %d are allowed", renamed, len(renamed), maxTitle), "Use a shorter name.")
		}
		for _, t := range c.repository.Tenants {
			if t == c.model && renamed == title && c.titleIsShared(title) {
				continue
			}
			if slices.Contains(t.Titles, renamed) && !c.titleIsShared(title) {
				return advice.Add(fmt.Errorf("the AE title %q is that of tenant %s", renamed, t.Name), "Change the AE title of one of them: DICOM devices tell them apart by it.")
			}
		}
	}
	return nil
}

// titleIsShared reports whether several tenants have an AE title, so that it does not tell them
// apart.
func (c *creation) titleIsShared(title string) bool {
	n := 0
	for _, t := range c.repository.Tenants {
		if slices.Contains(t.Titles, title) {
			n++
		}
	}
	return n > 1
}

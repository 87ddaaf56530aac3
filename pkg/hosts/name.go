package hosts

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// reserved are the names on which systems depend, besides those below localhost
// (RFC 6761, 6.3): from the hosts files of Debian, Fedora and macOS.
var reserved = []string{
	"localhost", "localhost.localdomain", "localhost4", "localhost4.localdomain4",
	"localhost6", "localhost6.localdomain6", "broadcasthost",
}

// CheckName returns why a name must not be in a hosts file, or nil. machine are the
// machine's own names, which stay as they are. RFC 952 and RFC 1123, section 2.1, define
// the names of hosts.
func CheckName(name string, machine ...string) error {
	lower := folded(name)
	if slices.ContainsFunc(machine, func(own string) bool { return folded(own) == lower }) {
		return refused(name, "it is this machine's own name")
	}
	if err := checkForm(name); err != nil {
		return err
	}
	if suffix, _ := publicsuffix.PublicSuffix(lower); suffix == lower {
		return refused(name, "any user can register names below it")
	}
	return nil
}

// CheckDomain returns why a domain can't be a tenant's, or nil: no tenant owns one under
// which any user can register names ("com", "co.uk").
func CheckDomain(domain string) error {
	lower := folded(domain)
	if suffix, _ := publicsuffix.PublicSuffix(lower); suffix == lower && !strings.ContainsAny(lower, "*/: ") {
		return fmt.Errorf("%.80q can't be a tenant's domain: any user can register names below it", domain)
	}
	if err := checkForm(lower); err != nil {
		return fmt.Errorf("%.80q is not a domain: %w", domain, err)
	}
	return nil
}

// ldh are the letters, digits and the hyphen (RFC 5890, 2.3.1).
const ldh = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

// checkForm applies to every name in a block.
func checkForm(name string) error {
	lower, labels := folded(name), strings.Split(name, ".")
	switch {
	case strings.Contains(name, "*"):
		return refused(name, "a hosts file does not support wildcards; specify each name")
	case slices.Contains(reserved, lower), strings.HasSuffix(lower, ".localhost"), strings.HasPrefix(lower, "ip6-"):
		return refused(name, "it is reserved for the system")
	case len(name) > 253:
		return refused(name, "it has %d characters, at most 253 are allowed", len(name))
	case len(labels) < 2:
		return refused(name, "it has no domain")
	}
	for _, label := range labels {
		if err := checkLabel(name, label); err != nil {
			return err
		}
	}
	if strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return refused(name, "its last label is a number, as in an address")
	}
	return nil
}

func checkLabel(name, label string) error {
	switch {
	case label == "":
		return refused(name, "it has an empty label")
	case len(label) > 63:
		return refused(name, "the label %.20q... has %d characters, at most 63 are allowed", label, len(label))
	case strings.HasPrefix(label, "-"), strings.HasSuffix(label, "-"):
		return refused(name, "the label %q starts or ends with a hyphen", label)
	case strings.ContainsFunc(label, func(r rune) bool { return !strings.ContainsRune(ldh, r) }):
		return refused(name, "the label %q has characters other than a-z, 0-9 and hyphens (names in other scripts are written xn--...)", label)
	}
	return nil
}

func refused(name, format string, args ...any) error {
	return fmt.Errorf("the name %.80q can't be in a hosts file: %s", name, fmt.Sprintf(format, args...))
}

// CheckAddr returns why an address can't be in a hosts file, or nil: it must be that of
// one machine, and have the same meaning on every network interface.
func CheckAddr(addr netip.Addr) error {
	var why string
	switch plain := addr.Unmap(); {
	case !addr.IsValid():
		why = "it is empty"
	case addr.Zone() != "":
		why = "it is valid on one network interface only"
	case plain.IsUnspecified():
		why = "it is not the address of a machine"
	case plain.IsMulticast(), plain == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		why = "it is the address of several machines"
	default:
		return nil
	}
	return fmt.Errorf("the address %.80q can't be in a hosts file: %s", addr, why)
}

// metadata are the addresses where clouds serve the credentials of the requesting machine:
// AWS and most others, AWS over IPv6, Google Cloud over IPv6, Alibaba Cloud, Azure, Oracle
// Cloud.
var metadata = []netip.Addr{
	netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("fd00:ec2::23"), netip.MustParseAddr("fd20:ce::254"),
	netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("168.63.129.16"), netip.MustParseAddr("192.0.0.192"),
}

var (
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")
	// embedding are the prefixes of IPv6 with an address of IPv4 in them, and the byte at
	// which it begins: NAT64 (RFC 6052), the old form (RFC 4291 section 2.5.5.1), SIIT's
	// translated form (RFC 2765 section 2.1) and 6to4 (RFC 3056 section 2).
	embedding = map[netip.Prefix]int{
		netip.MustParsePrefix("64:ff9b::/96"):    12,
		netip.MustParsePrefix("::/96"):           12,
		netip.MustParsePrefix("::ffff:0:0:0/96"): 12,
		netip.MustParsePrefix("2002::/16"):       2,
	}
)

// CheckIngress returns why other machines can't reach a load balancer at an address, or
// nil. A user who may write the status of a Service can write any: with these a name
// resolves to the user's own machine, or to a cloud's metadata service.
func CheckIngress(addr netip.Addr) error {
	if err := CheckAddr(addr); err != nil {
		return err
	}
	if why := local(addr.Unmap()); why != "" {
		return fmt.Errorf("%s is %s", addr, why)
	}
	return nil
}

// local describes an address that can't be a load balancer's.
func local(addr netip.Addr) string {
	switch {
	case slices.Contains(metadata, addr):
		return "the metadata address of a cloud, which serves its machines' credentials"
	case addr.IsLoopback():
		return "a loopback address, which refers to this machine"
	case addr.IsLinkLocalUnicast():
		return "a link-local address, which is different on each network"
	case addr.Is4() && thisNetwork.Contains(addr):
		return "not the address of a machine"
	}
	for prefix, at := range embedding {
		if prefix.Contains(addr) {
			bytes := addr.As16()
			inner := netip.AddrFrom4([4]byte(bytes[at:]))
			if err := CheckIngress(inner); err != nil {
				return "another notation of " + inner.String()
			}
		}
	}
	return ""
}

package hosts

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Rules are what is asked of a name besides its form.
type Rules struct {
	// Domains are those below which, or at which, a name must be ("bhs.org"). No
	// name is when there are none.
	Domains []string
	// AnyDomain does without the Domains.
	AnyDomain bool
	// Machine are the machine's own names, which stay as they are.
	Machine []string
}

// reserved are the names on which systems depend, besides those below localhost
// (RFC 6761, 6.3): from the hosts files of Debian, Fedora and macOS.
var reserved = []string{
	"localhost", "localhost.localdomain", "localhost4", "localhost4.localdomain4",
	"localhost6", "localhost6.localdomain6", "broadcasthost",
}

// CheckName tells why a name must not go into a hosts file, or nil. What is right
// for a host's name is said in RFC 952 and in RFC 1123, section 2.1.
func CheckName(name string, rules Rules) error {
	lower := folded(name)
	if slices.ContainsFunc(rules.Machine, func(own string) bool { return folded(own) == lower }) {
		return refused(name, "it is this machine's own name")
	}
	if err := checkForm(name); err != nil {
		return err
	}
	if !rules.AnyDomain && !slices.ContainsFunc(rules.Domains, func(domain string) bool { return below(lower, folded(domain)) }) {
		allowed := strings.Join(rules.Domains, ", ")
		if allowed == "" {
			allowed = "none"
		}
		return refused(name, "it is not in an allowed domain (%s); allow its domain if the name is right", allowed)
	}
	return nil
}

func below(name, domain string) bool {
	return domain != "" && (name == domain || strings.HasSuffix(name, "."+domain))
}

// ldh are the letters, digits and the hyphen (RFC 5890, 2.3.1).
const ldh = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

// checkForm holds for every name in a block, whoever asks for it.
func checkForm(name string) error {
	lower, labels := folded(name), strings.Split(name, ".")
	switch {
	case strings.Contains(name, "*"):
		return refused(name, "a hosts file knows no wildcards; give the names one by one")
	case slices.Contains(reserved, lower), strings.HasSuffix(lower, ".localhost"), strings.HasPrefix(lower, "ip6-"):
		return refused(name, "the system needs this name for itself")
	case len(name) > 253:
		return refused(name, "it has %d characters, 253 is the most", len(name))
	case len(labels) < 2:
		return refused(name, "it has no domain")
	}
	for _, label := range labels {
		if err := checkLabel(name, label); err != nil {
			return err
		}
	}
	if strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return refused(name, "its last part is a number, as in an address")
	}
	return nil
}

func checkLabel(name, label string) error {
	switch {
	case label == "":
		return refused(name, "there is nothing between two of its dots, or at an end")
	case len(label) > 63:
		return refused(name, "the part %.20q... has %d characters, 63 is the most", label, len(label))
	case strings.HasPrefix(label, "-"), strings.HasSuffix(label, "-"):
		return refused(name, "the part %q begins or ends with a dash", label)
	case strings.ContainsFunc(label, func(r rune) bool { return !strings.ContainsRune(ldh, r) }):
		return refused(name, "the part %q has other characters than a-z, 0-9 and dashes (names in other scripts are written xn--...)", label)
	}
	return nil
}

func refused(name, format string, args ...any) error {
	return fmt.Errorf("the name %.80q can't go into a hosts file: %s", name, fmt.Sprintf(format, args...))
}

// CheckAddr tells why an address must not go into a hosts file, or nil: it has to
// be that of one machine, and to mean the same on every network card.
func CheckAddr(addr netip.Addr) error {
	var why string
	switch plain := addr.Unmap(); {
	case !addr.IsValid():
		why = "it is empty"
	case addr.Zone() != "":
		why = "it holds for one network card only"
	case plain.IsUnspecified():
		why = "it stands for no machine"
	case plain.IsMulticast(), plain == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		why = "it stands for many machines"
	default:
		return nil
	}
	return fmt.Errorf("the address %.80q can't go into a hosts file: %s", addr, why)
}

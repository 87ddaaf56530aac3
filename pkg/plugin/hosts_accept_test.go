package plugin

import (
	"errors"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// TestHostsAcceptDomain checks that a new domain is written only after the user has accepted
// it, and that acceptance of public names and registrable domains is never inferred.
func TestHostsAcceptDomain(t *testing.T) {
	const yes, no = 0, int(command.No)
	bhs := []string{"192.0.2.1\tweb.bhs.orthweb.com", "192.0.2.1\tdicom.bhs.orthweb.com"}
	for _, c := range []struct {
		about   string
		hosts   []string // of the tenant mhr
		before  string
		args    []string
		code    int
		written []string // of mhr's hosts
		message string
	}{
		{"nothing said", []string{"web.mhr.orthweb.com"}, "", nil, no, nil,
			"To accept them: kubectl orthweb hosts sync --allow-domain=bhs.orthweb.com,mhr.orthweb.com\n"},
		{"shown with address and names", []string{"web.mhr.orthweb.com"}, "", nil, no, nil, "  mhr  mhr.orthweb.com  192.0.2.2  web.mhr.orthweb.com\n"},
		{"the flag", []string{"web.mhr.orthweb.com"}, "", []string{"--allow-domain=bhs.orthweb.com,mhr.orthweb.com"}, yes, []string{"web.mhr.orthweb.com"},
			"Accepted for mhr by --allow-domain: web.mhr.orthweb.com (192.0.2.2)"},
		{"yes", []string{"web.mhr.orthweb.com"}, "", []string{"--yes"}, yes, []string{"web.mhr.orthweb.com"}, "  mhr  mhr.orthweb.com  192.0.2.2  web.mhr.orthweb.com\n"},
		{"for one tenant", []string{"web.mhr.orthweb.com"}, "", []string{"--allow-domain=mhr=orthweb.com"}, no, []string{"web.mhr.orthweb.com"}, "To accept them: kubectl orthweb hosts sync --allow-domain=mhr=orthweb.com --allow-domain=bhs.orthweb.com\n"},
		{"for the other tenant", []string{"web.mhr.orthweb.com"}, "", []string{"--allow-domain=bhs=mhr.orthweb.com", "--yes"}, no, nil, "belongs to bhs"},
		{"accepted before", []string{"web.mhr.orthweb.com", "pacs.mhr.orthweb.com"}, block(`# tenant "mhr"`, "192.0.2.2\tweb.mhr.orthweb.com"), nil, no,
			[]string{"web.mhr.orthweb.com", "pacs.mhr.orthweb.com"}, ""},
		{"accepted for another", []string{"web.img.hospital.org"}, block(`# tenant "old"`, "192.0.2.9\tpacs.img.hospital.org"), nil, no, nil, "  mhr  img.hospital.org  "},
		{"a public name", []string{"www.google.com"}, "", []string{"--yes"}, no, nil, "A registrable domain is never treated as a tenant's. If the tenant owns these names, add --allow-domain=www.google.com\n"},
		{"a public name with its label", []string{"login.mhr.microsoft.com"}, "", nil, no, nil, "  mhr  mhr.microsoft.com  192.0.2.2  login.mhr.microsoft.com\n"},
		{"a registrable domain", []string{"mhr.com", "www.mhr.com"}, "", []string{"--yes"}, no, nil, "add --allow-domain=mhr.com,www.mhr.com\n"},
		{"a registrable domain, given", []string{"www.mhr.com"}, "", []string{"--yes", "--allow-domain=mhr.com"}, yes, []string{"www.mhr.com"}, "Accepted for mhr by --allow-domain: www.mhr.com (192.0.2.2)"},
		{"another name of it", []string{"www.mhr.com", "mail.mhr.com"}, block(`# tenant "mhr"`, "192.0.2.2\twww.mhr.com"), []string{"--yes"}, no, []string{"www.mhr.com"}, "add --allow-domain=mail.mhr.com\n"},
		{"a public suffix", []string{"co.uk"}, "", []string{"--yes"}, no, nil, "any user can register names below it"},
	} {
		t.Run(c.about, func(t *testing.T) {
			api := hostsCluster(t)
			setHosts(t, api, "mhr", c.hosts...)
			run := runHosts(t, api, localLine+c.before, append([]string{"sync"}, c.args...)...)
			if code := command.Code(run.err, "kubectl orthweb", &strings.Builder{}); code != c.code || !strings.Contains(run.errOut, c.message) {
				t.Errorf("exit status %d, want %d, and %q\n%s", code, c.code, c.message, run)
			}
			for _, host := range c.hosts {
				want := strings.Contains(" "+strings.Join(c.written, " ")+" ", " "+host+" ")
				if run.has("192.0.2.2\t"+host) != want {
					t.Errorf("%s: want it written: %v\n%s", host, want, run)
				}
			}
			if c.code == yes && !run.has(bhs[0]) && !strings.Contains(c.about, "tenant") {
				t.Errorf("the other tenant's names are not there\n%s", run)
			}
		})
	}
}

// TestHostsFlagsOfAcceptance checks that a public suffix and an invalid address are errors
// before anything is read.
func TestHostsFlagsOfAcceptance(t *testing.T) {
	api := hostsCluster(t)
	for _, c := range []struct{ flag, message string }{
		{"--allow-domain=com", "any user can register names below it"},
		{"--allow-domain=co.uk", "any user can register names below it"},
		{"--allow-domain=bhs=com", "any user can register names below it"},
		{"--allow-domain==bhs.org", "names no tenant"},
		{"--allow-domain=*.bhs.org", "is not a domain"},
		{"--allow-address=x", "is not an IP address"},
		{"--allow-address=0.0.0.0", "is not the address of a machine"},
		{"--allow-address=224.0.0.1", "is the address of several machines"},
	} {
		run := runHosts(t, api, localLine, "sync", c.flag)
		if run.err == nil || !strings.Contains(run.err.Error(), c.message) || run.file != localLine {
			t.Errorf("%s: %v\n%s", c.flag, run.err, run)
		}
	}
	if len(api.Requests()) > 0 {
		t.Errorf("%d requests", len(api.Requests()))
	}
}

// TestHostsAddresses checks that an ingress address that reaches the machine itself, or a
// metadata service of a cloud, is written only if the user allows that address.
func TestHostsAddresses(t *testing.T) {
	for _, c := range []struct {
		about, ingress string
		args           []string
		has            string // the address in the file, "" for none
	}{
		{"loopback", "{ip: 127.0.0.11}", nil, ""},
		{"loopback, allowed", "{ip: 127.0.0.11}", []string{"--allow-address=127.0.0.11"}, "127.0.0.11"},
		{"loopback, another allowed", "{ip: 127.0.0.11}", []string{"--allow-address=127.0.0.12"}, ""},
		{"loopback, in a prefix", "{ip: 127.0.0.11}", []string{"--allow-address=127.0.0.0/8"}, "127.0.0.11"},
		{"loopback, given", "{ip: 192.0.2.1}", []string{"--ip=127.0.0.1"}, "127.0.0.1"},
		{"loopback in IPv6", "{ip: '::ffff:127.0.0.1'}", nil, ""},
		{"localhost", "{hostname: localhost}", []string{"--prefer=ipv4"}, ""},
		{"localhost, allowed", "{hostname: localhost}", []string{"--allow-address=127.0.0.1", "--prefer=ipv4"}, "127.0.0.1"},
		{"metadata", "{ip: 169.254.169.254}", nil, ""},
		{"metadata, IPv6", "{ip: 'fd00:ec2::254'}", nil, ""},
		{"link-local", "{ip: 'fe80::1'}", nil, ""},
		{"unspecified", "{ip: 0.0.0.0}", []string{"--allow-address=0.0.0.0/0"}, ""},
		{"multicast", "{ip: 224.0.0.1}", []string{"--allow-address=224.0.0.0/4"}, ""},
		{"another one as well", "{ip: 127.0.0.1}, {ip: 192.0.2.7}", nil, "192.0.2.7"},
	} {
		t.Run(c.about, func(t *testing.T) {
			api := hostsCluster(t)
			setAddress(t, api, "bhs", c.ingress)
			args := append([]string{"sync", "bhs", "--yes"}, c.args...)
			run := runHosts(t, api, localLine, args...)
			if c.has == "" && (!errors.Is(run.err, command.No) || run.file != localLine) || c.has != "" && (run.err != nil || !run.has(c.has+"\tweb.bhs.orthweb.com")) {
				t.Errorf("%v\n%s", run.err, run)
			}
			list := runHosts(t, api, localLine, append([]string{"list", "bhs", "--allow-domain=orthweb.com"}, c.args...)...)
			if got := strings.Contains(list.out, "web.bhs.orthweb.com"); got != (c.has != "") || got && !strings.Contains(list.out, c.has+"  ") {
				t.Errorf("list differs: %v\n%s", list.err, list)
			}
			diff := runHosts(t, api, localLine, append([]string{"diff", "bhs", "--allow-domain=orthweb.com"}, c.args...)...)
			if got := strings.Contains(diff.out, "\n+"+c.has+"\tweb.bhs.orthweb.com\n"); got != (c.has != "") {
				t.Errorf("diff differs: %v\n%s", diff.err, diff)
			}
			if c.has != "" { // an accepted value needs no flag again
				again := runHosts(t, api, run.file, "sync", "bhs", "--prefer=ipv4")
				if !strings.Contains(c.about, "given") && again.err != nil || again.file != run.file && !strings.Contains(c.about, "given") {
					t.Errorf("again: %v\n%s", again.err, again)
				}
			}
		})
	}
}

// TestHostsOneCommand checks that one command that can be copied accepts everything that a new
// user of the lab needs.
func TestHostsOneCommand(t *testing.T) {
	api := hostsCluster(t)
	setAddress(t, api, "bhs", "{ip: 127.0.0.11}")
	setAddress(t, api, "mhr", "{ip: 127.0.0.12}")
	run := runHosts(t, api, localLine, "sync")
	_, commandValue, ok := strings.Cut(run.errOut, "To accept them: kubectl orthweb hosts ")
	commandValue, _, _ = strings.Cut(commandValue, "\n")
	if !errors.Is(run.err, command.No) || !ok || run.file != localLine {
		t.Fatalf("%v\n%s", run.err, run)
	}
	run = runHosts(t, api, localLine, strings.Fields(commandValue)...)
	if run.err != nil || !run.has("127.0.0.11\tweb.bhs.orthweb.com") || !run.has("127.0.0.12\tdicom.mhr.orthweb.com") {
		t.Errorf("%s: %v\n%s", commandValue, run.err, run)
	}
}

// TestHostsCommandsNameBlock checks that a printed command applies to the block that the user
// named, and to no other.
func TestHostsCommandsNameBlock(t *testing.T) {
	api := hostsCluster(t)
	for _, c := range []struct {
		args    []string
		message string
	}{
		{[]string{"sync", "--block=my lab"}, "To accept them: kubectl orthweb hosts sync --block='my lab' --allow-domain=bhs.orthweb.com,mhr.orthweb.com\n"},
		{[]string{"diff", "bhs", "--block=lab"}, "To accept them: kubectl orthweb hosts sync bhs --block=lab --allow-domain=bhs.orthweb.com\n"},
		{[]string{"list", "bhs", "--block=lab"}, "To accept them: kubectl orthweb hosts list bhs --block=lab --allow-domain=bhs.orthweb.com\n"},
		{[]string{"sync", "--block=lab", "--yes"}, "Undo it: kubectl orthweb hosts remove --block=lab\n"},
		{[]string{"sync"}, "To accept them: kubectl orthweb hosts sync --allow-domain=bhs.orthweb.com,mhr.orthweb.com\n"},
		{[]string{"sync", "--yes"}, "Undo it: kubectl orthweb hosts remove\n"},
	} {
		if run := runHosts(t, api, localLine, c.args...); !strings.Contains(run.errOut, c.message) {
			t.Errorf("%v: want %q\n%s", c.args, c.message, run)
		}
	}
}

package diagnose

import (
	"fmt"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// hostKey reports an SSH server whose key is not in known_hosts. It may be another
// server: the fingerprint has to be compared first.
func (s fetchFailure) hostKey(f *finding.Finding) {
	name, _ := s.secret()
	host, port, _ := strings.Cut(s.host(), ":")
	what := "is not the one in known_hosts: it was changed, or another server answers"
	switch {
	case strings.Contains(s.message, "no common algorithm"):
		what = "is of a type that is not in known_hosts"
	case strings.Contains(s.message, "key is unknown"):
		what = "is not in known_hosts"
	case strings.Contains(s.message, "key is revoked"):
		what = "is marked as revoked in known_hosts"
	}
	f.Message = fmt.Sprintf("%s can't be fetched: the SSH key of %s %s", s.verdict.Ref, host, what)
	scan := "ssh-keyscan " + escape.ShellWord(host)
	if port != "" {
		scan = escape.Command("ssh-keyscan -p %s %s", port, host)
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Compare the fingerprint of the key that %s presents with the one that its operator publishes", host), Command: scan + " | ssh-keygen -lf -"}}
	if name == "" {
		f.Fixes = append(f.Fixes, s.fix("If they are the same, create a Secret with identity and known_hosts, and name it in spec.secretRef"))
		return
	}
	ref := coreRef("Secret", s.obj.GetNamespace(), name)
	f.Evidence = append(f.Evidence, evidence(s.obj, "spec.secretRef.name", name, time.Time{}))
	f.Message += fmt.Sprintf(" (key known_hosts of %s)", ref)
	f.Fixes = append(f.Fixes, finding.Fix{Text: fmt.Sprintf("If they are the same, put the key into known_hosts of %s", ref),
		Command: escape.Command(`kubectl patch secret %s -n %s --type=merge -p "{\"data\":{\"known_hosts\":\"$(%s 2>/dev/null | base64 | tr -d '\n')\"}}"`, ref.Name, ref.Namespace, escape.Shell(scan))})
}

package plugin

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// independent are the flags that always have an effect, or whose command itself reports invalid
// combinations. TestEffects fails for a flag that is in neither this list nor effects: a new
// flag needs an entry.
var independent = map[string]string{
	"status": "all force interval save timeout wait watch", "explain": "fix repo save", "check": "pre",
	"snapshot save": "force", "version": "client output", "completion install": "dir",
	"cert inspect": "p12 p12-password-env p12-password-file server-name",
	"cert issue": "ca-secret csr dns duration email force ip issuer keep-request key-algorithm key-size name output-dir " +
		"p12 p12-legacy p12-password-env p12-password-file stdout subject timeout uri via",
	"cert list":   "connect expiring-within secrets",
	"cert verify": "connect key p12 p12-password-env p12-password-file secrets tenant",
	"hosts diff":  "allow-domain block hosts-file ip", "hosts list": "allow-domain block hosts-file ip",
	"hosts sync": "allow-domain block dry-run hosts-file ip yes", "hosts remove": "block dry-run hosts-file",
	"reconcile": "dry-run timeout with-source", "resume": "dry-run timeout with-source", "suspend": "dry-run",
	"validate": "aec aet ca cert concurrency dicom-port insecure keep key other-cert other-key other-password-secret p12 " +
		"p12-password-env p12-password-file password-env password-file password-secret quiet resume store timeout user via web-port",
	"exporter":      "listen-address max-series probe-every resync",
	"logs":          "container follow grep level previous show-identifiers since since-time tail timestamps",
	"lint":          "allow-remote config fail-on fix flux-version kube-version list-rules only skip",
	"bootstrap":     "branch components components-extra export-dir flux-version interval network-policy path personal provider secret-name url",
	"diff":          "allow-remote path repo",
	"tenant create": "address domain dry-run entry repo", "tenant remove": "delete-data dry-run entry repo",
	"mcp": "repo timeout", "report": "output-file",
	"ui": "linear", "events": "since types watch", "dashboard kiali": "no-browser port", "dashboard grafana": "no-browser port",
	"dashboard prometheus": "no-browser port", "dashboard orthanc": "no-browser port",
	"hosts apply": "hosts-file", // hidden: 'hosts sync' runs it under sudo
}

// everywhere are flags of many commands. kubectl, too, accepts the last two with any
// format.
const everywhere = " from output template help no-headers allow-missing-template-keys "

func TestEffects(t *testing.T) {
	var walk func(cmd *cobra.Command, path string)
	walk = func(cmd *cobra.Command, path string) {
		cmd.LocalNonPersistentFlags().VisitAll(func(flag *pflag.Flag) {
			e := effectOf(cmd, flag.Name)
			known := len(e.needs)+len(e.unless)+len(e.conflicts) > 0 || strings.Contains(everywhere, " "+flag.Name+" ") ||
				strings.Contains(" "+independent[path]+" ", " "+flag.Name+" ")
			if !known {
				t.Errorf("%s --%s is not in effects: which flags does its effect depend on?", path, flag.Name)
			}
			for _, other := range slices.Concat(e.needs, e.unless, e.conflicts) {
				if cmd.Flags().Lookup(other) == nil {
					t.Errorf("%s --%s depends on --%s, which the command does not have", path, flag.Name, other)
				}
			}
		})
		for _, sub := range cmd.Commands() {
			if sub.Name() != "help" && sub.Name() != "options" {
				walk(sub, strings.TrimSpace(path+" "+sub.Name()))
			}
		}
	}
	root := NewRoot(genericiooptions.IOStreams{In: strings.NewReader(""), Out: io.Discard, ErrOut: io.Discard})
	walk(root, "")
	for _, name := range blockFlags {
		if !slices.Contains(connectionFlags, name) {
			t.Errorf("--%s is no flag of the connection", name)
		}
	}
	for _, name := range connectionFlags {
		if root.PersistentFlags().Lookup(name) == nil {
			t.Errorf("kubectl has no flag --%s", name)
		}
	}
}

package plugin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// effect defines with which other flags a flag has an effect.
type effect struct {
	// needs are flags of which one must also be set.
	needs []string
	// unless are flags with which it has no effect.
	unless []string
	// conflicts are flags that ask for something else: only one of them can be set.
	conflicts []string
}

// effects are the flags whose effect depends on whether others are set, by
// "COMMAND --FLAG"; "--FLAG" is for all commands without an entry of their own.
// The commands check what depends on values.
var effects = clusterEffects(map[string]effect{
	"--at":                  {needs: []string{"from"}},
	"--assume-complete":     {needs: []string{"from"}},
	"status --force":        {needs: []string{"save"}},
	"explain --force":       {needs: []string{"save"}},
	"report --force":        {needs: []string{"output-file"}},
	"status --interval":     {needs: []string{"watch", "wait"}},
	"cert issue --clamp":    {needs: []string{"duration"}},
	"bootstrap --export":    {conflicts: []string{"export-dir"}},
	"bootstrap --yes":       {needs: []string{"export-dir"}},
	"lint --yes":            {needs: []string{"fix"}},
	"explain --yes":         {needs: []string{"fix"}},
	"--cluster-timeout":     {needs: []string{"contexts", "all-contexts"}},
	"validate --read-only":  {conflicts: []string{"store", "keep", "resume"}},
	"mcp --user":            {needs: []string{"password-secret"}},
	"mcp --password-secret": {unless: []string{"from"}},
	"mcp --allow-writes":    {unless: []string{"from"}},
	"--prefer":              {unless: []string{"ip"}},
	"--allow-address":       {unless: []string{"ip"}},
	"--sudo":                {unless: []string{"dry-run"}},
	"reconcile --wait":      {unless: []string{"dry-run"}},
	"resume --wait":         {unless: []string{"dry-run"}},

	"exporter --probe-store":     {needs: []string{"probe-every"}},
	"exporter --probe-timeout":   {needs: []string{"probe-every"}},
	"exporter --password-secret": {needs: []string{"probe-every"}},

	"tenant create --yes":    {unless: []string{"dry-run", "export"}},
	"tenant create --export": {unless: []string{"dry-run"}},
	"tenant remove --yes":    {unless: []string{"dry-run"}},
	"tenant compare --repo":  {unless: []string{"live", "from"}},
	"tenant compare --entry": {unless: []string{"live", "from"}},
	"tenant compare --live":  {unless: []string{"from"}},
})

// oneCluster are the connection flags of every command that are about one cluster or user.
var oneCluster = []string{
	"certificate-authority", "client-certificate", "client-key", "cluster", "context", "insecure-skip-tls-verify",
	"server", "tls-server-name", "token",
}

// clusterEffects are the effects of the flags that select several clusters: all flags that are about one
// cluster conflict with them.
func clusterEffects(effects map[string]effect) map[string]effect {
	for command, only := range map[string][]string{
		"status":     {"from", "save", "user", "wait", "watch"},
		"explain":    {"fix", "from", "repo", "save", "user"},
		"cert list":  {"from", "user"},
		"report":     {"from", "user"},
		"hosts list": {"block", "from", "ip", "user"},
		// Its --user is the web's. What belongs to one tenant must not be sent to another.
		"validate": {"cert", "key", "p12", "password-env", "password-file", "resume"},
	} {
		only = append(only, oneCluster...)
		effects[command+" --contexts"] = effect{conflicts: append([]string{"all-contexts"}, only...)}
		effects[command+" --all-contexts"] = effect{conflicts: only}
	}
	return effects
}

// connectionFlags are kubectl's own flags that define the cluster and the connection.
// With --from no request is sent to a cluster. The namespace also identifies objects.
var connectionFlags = []string{
	"as", "as-group", "as-uid", "as-user-extra", "certificate-authority", "client-certificate", "client-key",
	"cluster", "context", "disable-compression", "insecure-skip-tls-verify", "kubeconfig", "request-timeout",
	"server", "tls-server-name", "token", "user",
}

// blockFlags are the connection flags that name the block of a hosts file, also with --from,
// in commands that have --block and unless it is set.
var blockFlags = []string{"cluster", "context", "kubeconfig", "server"}

// unconnected are connection flags that have no effect on a command that sends no
// request to a cluster. The kubeconfig's context names the block of a hosts file.
var unconnected = map[string][]string{
	"hosts remove":  {"namespace", "as", "as-group", "as-uid", "as-user-extra", "token", "request-timeout"},
	"bootstrap":     connectionFlags,
	"lint":          append([]string{"namespace"}, connectionFlags...),
	"tenant create": append([]string{"namespace"}, connectionFlags...),
	"tenant remove": append([]string{"namespace"}, connectionFlags...),
}

// checkEffects rejects flags that would have no effect: a user who sets one expects an
// effect.
func checkEffects(cmd *cobra.Command) (err error) {
	flags := cmd.Flags()
	flags.Visit(func(flag *pflag.Flag) {
		if !command.Given(flags, flag.Name) {
			return
		}
		e := effectOf(cmd, flag.Name)
		given := func(name string) bool { return command.Given(flags, name) }
		switch without, conflict := slices.IndexFunc(e.unless, given), slices.IndexFunc(e.conflicts, given); {
		case err != nil:
		case slices.Contains(unconnected[pathOf(cmd)], flag.Name):
			err = advice.Add(fmt.Errorf("--%s has no effect: no request is sent to a cluster", flag.Name), "Remove it%s.", map[string]string{"hosts remove": ", or specify tenants"}[pathOf(cmd)])
		case disconnectedBy(flags, flag.Name) != "":
			err = advice.Add(fmt.Errorf("--%s has no effect with %s: no request is sent to a cluster", flag.Name, disconnectedBy(flags, flag.Name)), "Remove one of them.")
		case len(e.needs) > 0 && !slices.ContainsFunc(e.needs, given):
			err = advice.Add(fmt.Errorf("--%s has no effect without --%s", flag.Name, strings.Join(e.needs, " or --")), "See '%s --help' for usage.", cmd.CommandPath())
		case without >= 0:
			err = advice.Add(fmt.Errorf("--%s has no effect with --%s", flag.Name, e.unless[without]), "Remove one of them.")
		case conflict >= 0:
			err = advice.Add(fmt.Errorf("--%s and --%s can't be used together", flag.Name, e.conflicts[conflict]), "Remove one of them.")
		}
	})
	return err
}

// disconnectedBy are the flags because of which a connection flag has no effect, empty if it
// has one.
func disconnectedBy(flags *pflag.FlagSet, name string) string {
	switch {
	case !command.Given(flags, "from") || !slices.Contains(connectionFlags, name):
		return ""
	case flags.Lookup("block") == nil || !slices.Contains(blockFlags, name):
		return "--from"
	case command.Given(flags, "block"):
		return "--from and --block"
	}
	return ""
}

// effectOf is the command's own entry, or the one for all commands.
func effectOf(cmd *cobra.Command, flag string) effect {
	if e, ok := effects[pathOf(cmd)+" --"+flag]; ok {
		return e
	}
	return effects["--"+flag]
}

// pathOf is the command without the program: "hosts remove".
func pathOf(cmd *cobra.Command) string {
	path := ""
	for ; cmd.HasParent(); cmd = cmd.Parent() {
		path = cmd.Name() + " " + path
	}
	return strings.TrimSpace(path)
}

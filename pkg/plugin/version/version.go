// Package version is the command "version".
package version

import (
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/check"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// versionInfo is the output of `version`; its first two fields are those of kubectl.
type versionInfo struct {
	ClientVersion clientVersion  `json:"clientVersion"`
	ServerVersion *serverVersion `json:"serverVersion,omitempty"`
	FluxVersion   *fluxVersion   `json:"fluxVersion,omitempty"`
	// Warnings are warnings about versions that are too far apart.
	Warnings []string `json:"warnings,omitempty"`
}

type serverVersion struct {
	GitVersion string `json:"gitVersion"`
}

var (
	versionLong = templates.LongDesc(`
		Show the version of the plugin, of the cluster and of its Flux, and warn if
		this combination of versions is not known to work.

		Flux's version is read from the labels of its Deployments in the namespace
		flux-system.`)
	versionExample = templates.Examples(`
		# Only this program's version
		kubectl orthweb version --client

		# All versions, for a script or a bug report
		kubectl orthweb version -o json`)
)

// New is the command "version".
func New(call *command.Call) *cobra.Command {
	var client bool
	output := command.NewFormats("", command.JSON, command.YAML)
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Show plugin and cluster versions",
		Long:    versionLong,
		Example: versionExample,
		Args:    command.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := output.Validate(); err != nil {
				return err
			}
			info := versionInfo{ClientVersion: builtFrom()}
			var err error
			if !client {
				err = info.addCluster(cmd, call)
			}
			return errors.Join(info.print(cmd, output.Format), err)
		},
	}
	cmd.Flags().BoolVar(&client, "client", false, "Show the client version only")
	output.AddTo(cmd)
	return cmd
}

// addCluster adds the versions in the cluster, and warnings.
func (v *versionInfo) addCluster(cmd *cobra.Command, call *command.Call) error {
	snap, err := call.Collect(cmd.Context(), fluxWants, true)
	if err != nil {
		return err
	}
	v.ServerVersion = &serverVersion{GitVersion: snap.Meta().Server}
	flux := findFlux(snap)
	v.FluxVersion = &flux
	if skew := check.ClientSkew(v.ClientVersion.Kubernetes, snap.Meta().Server); skew != "" {
		v.Warnings = append(v.Warnings, skew)
	}
	v.Warnings = append(v.Warnings, flux.skew()...)
	return nil
}

func (v *versionInfo) print(cmd *cobra.Command, format string) error {
	out := cmd.OutOrStdout()
	switch format {
	case command.JSON:
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(v)
	case command.YAML:
		body, err := yaml.Marshal(v)
		if err != nil {
			return err
		}
		_, err = out.Write(body)
		return err
	}
	escape.Fprintf(out, "Client Version: %s\n", v.ClientVersion.GitVersion)
	if v.ServerVersion != nil {
		escape.Fprintf(out, "Server Version: %s\n", v.ServerVersion.GitVersion)
		escape.Fprintf(out, "Flux Version: %s\n", v.FluxVersion)
	}
	for _, warning := range v.Warnings {
		escape.Fprintf(cmd.ErrOrStderr(), "WARNING: %s\n", warning)
	}
	return nil
}

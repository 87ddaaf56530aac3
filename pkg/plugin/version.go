package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"
	"sigs.k8s.io/yaml"
)

// version is the release, set by the linker (-X); empty in other builds.
var version string

// buildVersion is the release, or what the Go toolchain recorded of the build.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

type versionInfo struct {
	ClientVersion struct {
		GitVersion string `json:"gitVersion"`
		GoVersion  string `json:"goVersion"`
		Platform   string `json:"platform"`
	} `json:"clientVersion"`
	ServerVersion *struct {
		GitVersion string `json:"gitVersion"`
	} `json:"serverVersion,omitempty"`
}

var versionExample = templates.Examples(`
	# This program's version alone
	kubectl orthweb version --client

	# And the cluster's, for a script
	kubectl orthweb version -o json`)

func newVersion(facts *factsFlags) *cobra.Command {
	var client bool
	var output string
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Show the version of the plugin and of the cluster",
		Example: versionExample,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "" && output != "json" && output != "yaml" {
				return withHint(fmt.Errorf("there is no output format %q", output), "Give -o one of: json, yaml.")
			}
			var info versionInfo
			info.ClientVersion.GitVersion = buildVersion()
			info.ClientVersion.GoVersion = runtime.Version()
			info.ClientVersion.Platform = runtime.GOOS + "/" + runtime.GOARCH
			var err error
			if !client {
				err = addServerVersion(cmd, facts, &info)
			}
			return errors.Join(printVersion(cmd, info, output), err)
		},
	}
	cmd.Flags().BoolVar(&client, "client", false, "Leave the cluster out")
	cmd.Flags().StringVarP(&output, "output", "o", "", "Output format, one of: json, yaml")
	return cmd
}

func addServerVersion(cmd *cobra.Command, facts *factsFlags, info *versionInfo) error {
	snap, err := facts.collect(cmd.Context(), nil, true)
	if err != nil {
		return err
	}
	info.ServerVersion = &struct {
		GitVersion string `json:"gitVersion"`
	}{snap.Meta().Server}
	return nil
}

func printVersion(cmd *cobra.Command, info versionInfo, output string) error {
	switch output {
	case "json":
		encoder := json.NewEncoder(cmd.OutOrStdout())
		encoder.SetIndent("", "  ")
		return encoder.Encode(info)
	case "yaml":
		body, err := yaml.Marshal(info)
		if err != nil {
			return err
		}
		_, err = cmd.OutOrStdout().Write(body)
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Client Version: %s\n", info.ClientVersion.GitVersion)
	if info.ServerVersion != nil {
		fmt.Fprintf(cmd.OutOrStdout(), "Server Version: %s\n", info.ServerVersion.GitVersion)
	}
	return nil
}

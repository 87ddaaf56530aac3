package version

import (
	"runtime"
	"runtime/debug"
)

// These are set by the linker (-X) in releases and empty in other builds: the
// release, the commit, and the commit's time as RFC 3339.
var version, commit, date string

// clientVersion describes this program's build; its names are kubectl's
// (k8s.io/apimachinery v0.36, pkg/version, Info), with the module and the version of its
// Kubernetes client.
type clientVersion struct {
	GitVersion string `json:"gitVersion"`
	GitCommit  string `json:"gitCommit,omitempty"`
	GitDate    string `json:"gitDate,omitempty"`
	GoVersion  string `json:"goVersion"`
	Platform   string `json:"platform"`
	Module     string `json:"module,omitempty"`
	Kubernetes string `json:"kubernetes,omitempty"`
}

// BuildVersion is the release, or the version that the Go toolchain recorded.
func BuildVersion() string { return builtFrom().GitVersion }

// KubernetesVersion is the version of the program's Kubernetes client ("v1.36.4"), empty if it
// is not known.
func KubernetesVersion() string { return builtFrom().Kubernetes }

// builtFrom combines the values that the linker set with those that the Go toolchain
// recorded.
func builtFrom() clientVersion {
	info, _ := debug.ReadBuildInfo()
	return built(info)
}

// clientModule is the module whose version follows Kubernetes': v0.36.4 belongs to
// Kubernetes 1.36.4 (k8s.io/client-go, README).
const clientModule = "k8s.io/client-go"

func built(info *debug.BuildInfo) clientVersion {
	v := clientVersion{
		GitVersion: version, GitCommit: commit, GitDate: date,
		GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	if info != nil {
		v.add(info)
	}
	if v.GitVersion == "" {
		v.GitVersion = "(devel)"
	}
	return v
}

// add fills in the values that the linker did not set.
func (v *clientVersion) add(info *debug.BuildInfo) {
	v.Module = info.Main.Path
	if v.GitVersion == "" {
		v.GitVersion = info.Main.Version
	}
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision" && v.GitCommit == "":
			v.GitCommit = setting.Value
		case setting.Key == "vcs.time" && v.GitDate == "":
			v.GitDate = setting.Value
		}
	}
	for _, dep := range info.Deps {
		if dep.Path == clientModule {
			v.Kubernetes = "v1" + dep.Version[len("v0"):]
		}
	}
}

package plugin

import (
	"runtime"
	"runtime/debug"
)

// These are set by the linker (-X) in releases and empty in other builds: the
// release, the commit, and the commit's time as RFC 3339.
var version, commit, date string

// clientVersion is what this program was built from; its names are kubectl's
// (k8s.io/apimachinery v0.36, pkg/version, Info), with the module and the version
// of Kubernetes whose client it has.
type clientVersion struct {
	GitVersion string `json:"gitVersion"`
	GitCommit  string `json:"gitCommit,omitempty"`
	GitDate    string `json:"gitDate,omitempty"`
	GoVersion  string `json:"goVersion"`
	Platform   string `json:"platform"`
	Module     string `json:"module,omitempty"`
	Kubernetes string `json:"kubernetes,omitempty"`
}

// buildVersion is the release, or what the Go toolchain recorded of the build.
func buildVersion() string { return builtFrom().GitVersion }

// builtFrom is what the linker was told, and what the Go toolchain recorded.
func builtFrom() clientVersion {
	info, _ := debug.ReadBuildInfo()
	return built(info)
}

// clientModule is the one whose version is Kubernetes' own: v0.36.4 of it comes
// with Kubernetes 1.36.4 (k8s.io/client-go, README).
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

// add fills in what the linker was not told.
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
